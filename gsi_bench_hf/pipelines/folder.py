"""`folder:DIR`: images that were made elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from gsi_bench_hf.pipelines.base import EditOutput
from gsi_bench_hf.types import Sample

_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")


class FolderEditor:
    """Answers with `DIR/<id>.png` or `DIR/edited/<subset>/<id>.png` (or jpg, jpeg, webp), whatever the size.

    Args:
        folder: where the images lie. Raises NotADirectoryError where there is no such folder.
    """

    needs_sample = True

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).expanduser()
        self.name = f"folder:{folder}"
        if not self.folder.is_dir():
            raise NotADirectoryError(
                f"editor {self.name!r}: {self.folder} is no folder; expected one with <id>.png files"
            )

    def __call__(
        self, *, image: Image.Image, prompt: str, sample: Sample, generator: Any = None, seed: int = 0
    ) -> EditOutput:
        """Return the image made for `sample`. Raises FileNotFoundError saying where it was looked for, OSError for a damaged file."""
        stems = (self.folder / sample.id, self.folder / "edited" / sample.subset / sample.id)
        for stem in stems:
            for ending in _ENDINGS:
                path = stem.with_name(stem.name + ending)
                if path.is_file():
                    return EditOutput((_read(path, sample.id),))
        looked_for = " and ".join(f"{stem}{_ENDINGS[0]}" for stem in stems)
        raise FileNotFoundError(
            f"record {sample.id}: no edited image; looked for {looked_for} (or {', '.join(_ENDINGS[1:])})"
        )


def _read(path: Path, sample_id: str) -> Image.Image:
    try:
        with Image.open(path) as found:
            return found.convert("RGB")
    except OSError as error:
        raise OSError(f"record {sample_id}: {path} can't be read as an image ({error}); make it again") from error
