"""What an export folder holds, said in its `export.json`: an export that was stopped is taken up, another one is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tqdm import tqdm

from gsi_bench_hf.durable import dump_json, write_atomic
from gsi_bench_hf.export.pairs import EncodedPair, ExportError, Pairs

PLAN_FILE = "export.json"
LOCK_FILE = ".export.lock"
LANGUAGES = ("en", "zh", "both")


@dataclass(frozen=True)
class Options:
    """How pairs are written.

    Attributes:
        name: of the dataset, in file names and configs.
        rows_per_file: pairs in a Parquet file or a tar.
        rows_per_group: pairs in a row group of Parquet, which is what BAGEL deals out to its workers.
        language: which instructions the trainer sees: "en", "zh", or "both", of which BAGEL draws one at each step.
        root: where the folder will lie on the machine that trains; None is where it is made. BAGEL wants absolute paths.
        shuffle_seed: of the order of the pairs; None keeps the rows' own.
    """

    name: str
    rows_per_file: int = 100
    rows_per_group: int = 10
    language: str = "en"
    root: Path | None = None
    shuffle_seed: int | None = 0

    def __post_init__(self) -> None:
        for field in ("rows_per_file", "rows_per_group"):
            if getattr(self, field) < 1:
                raise ExportError(f"export_pairs: {field} is {getattr(self, field)}, expected a number of 1 or more")
        if self.language not in LANGUAGES:
            raise ExportError(f"export_pairs: language is {self.language!r}, expected one of {', '.join(LANGUAGES)}")
        if not self.name.replace("_", "").replace("-", "").isalnum():
            raise ExportError(f"export_pairs: name is {self.name!r}, expected letters, digits, - and _")
        if self.root is not None and not self.root.is_absolute():
            raise ExportError(
                f"export_pairs: root is {self.root}, expected an absolute path on the machine that trains"
            )

    def instructions(self, pair: EncodedPair) -> list[str]:
        """The pair's instructions in the languages that are wanted, one or more."""
        both = {"en": pair.instruction, "zh": pair.instruction_zh}
        wanted = [both[key] for key in ("en", "zh") if self.language in (key, "both")]
        found = [text for text in wanted if text]
        if not found:
            raise ExportError(f"row {pair.id!r} has no instruction in {self.language!r}; export it in 'en'")
        return found


def check_folder(out: Path, form: str, pairs: Pairs, options: Options) -> None:
    """Say in the folder what it is going to hold, or check that it is being made into that already.

    Raises:
        ExportError: the folder holds something else.
    """
    wanted = _plan(form, pairs, options)
    path = out / PLAN_FILE
    if path.exists():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ExportError(f"{path} is damaged ({error}); remove {out}, or give another --out") from error
        different = ", ".join(f"{k} is {found.get(k)!r}, not {v!r}" for k, v in wanted.items() if found.get(k) != v)
        if different:
            raise ExportError(f"{out} holds another export: {different}; give another --out, or remove it")
        return
    strangers = [entry.name for entry in out.iterdir() if entry.name != LOCK_FILE]
    if strangers:
        raise ExportError(f"{out} holds {min(strangers)} and no export; give another --out, or an empty folder")
    write_atomic(path, dump_json(wanted))


def _plan(form: str, pairs: Pairs, options: Options) -> dict[str, object]:
    ids = hashlib.sha256()
    for number, (row, instruction) in enumerate(pairs.words()):
        ids.update(json.dumps([number, row, instruction]).encode())
    # The same ids and words may have been rendered in another way.
    ids.update(pairs[0].source + pairs[0].target)
    own = {k: v for k, v in asdict(options).items() if k != "root"}
    return {"format": form, "subsets": pairs.subsets(), "num_pairs": len(pairs), **own, "sha256": ids.hexdigest()}


def write_files(
    pairs: Pairs, names: list[Path], rows_per_file: int, encode: Callable[[list[EncodedPair]], bytes], *, what: str
) -> None:
    """Write the pairs into files, each of them whole or not at all; those that are there are kept.

    Args:
        pairs: the pairs.
        names: of the files, of `rows_per_file` pairs each.
        rows_per_file: how many.
        encode: pairs -> a file's bytes, always the same.
        what: a word for the progress bar.
    """
    missing = [number for number, path in enumerate(names) if not path.exists()]
    left = sum(min(rows_per_file, len(pairs) - number * rows_per_file) for number in missing)
    with tqdm(desc=f"Exporting {what}", total=len(pairs), initial=len(pairs) - left, unit=" pairs") as bar:
        for number in missing:
            start = number * rows_per_file
            some = list(pairs.part(start, start + rows_per_file))
            write_atomic(names[number], encode(some))
            bar.update(len(some))


def file_names(folder: Path, stem: str, kind: str, pairs: Pairs, rows_per_file: int) -> list[Path]:
    """The files of an export: `<stem>-00000-of-00003.<kind>` and so on."""
    count = -(-len(pairs) // rows_per_file)
    return [folder / f"{stem}-{number:05d}-of-{count:05d}.{kind}" for number in range(count)]
