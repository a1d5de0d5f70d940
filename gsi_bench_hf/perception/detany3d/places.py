"""Where the parts of a user's DetAny3D lie, and what its configuration says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LAYOUTS = {"utils/wrap_model.py": "utils.", "wrap_model.py": ""}
"""The file that tells a layout -> what stands before the names of its modules."""
_CONFIGS = ("utils/detect_anything/configs/demo.yaml", "detect_anything/configs/demo.yaml")


class CheckoutError(ImportError):
    """A checkout or its weights can't be used; the message says what is missing and how to name it."""


@dataclass(frozen=True)
class Places:
    """Where the parts lie; None is where the checkout's own configuration says, relative to the checkout.

    Attributes:
        checkout: the folder with `utils/wrap_model.py` or `wrap_model.py`.
        config: YAML of the network.
        weights: of DetAny3D. sam_weights, dino_weights: of the two networks inside it.
        namer_config, namer_weights: of GroundingDINO.
    """

    checkout: Path
    config: Path | None = None
    weights: Path | None = None
    sam_weights: Path | None = None
    dino_weights: Path | None = None
    namer_config: Path | None = None
    namer_weights: Path | None = None

    @property
    def prefix(self) -> str:
        """What stands before the names of the checkout's modules."""
        for file, prefix in _LAYOUTS.items():
            if (self.checkout / file).is_file():
                return prefix
        raise CheckoutError(
            f"{self.checkout} holds neither {' nor '.join(_LAYOUTS)}; give checkout= the folder evaluation/ of GSI-Bench's "
            "repository, or DetAny3D's repository"
        )

    def configuration(self) -> dict[str, Any]:
        """The network's configuration, with absolute paths of files that are there.

        Raises:
            CheckoutError: a file is missing.
        """
        import yaml

        found = [self.config] if self.config else [self.checkout / name for name in _CONFIGS]
        file = next((path for path in found if path.is_file()), None)
        if file is None:
            raise CheckoutError(f"no configuration at {' or '.join(map(str, found))}; give config= its YAML file")
        config: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        try:
            config["resume"] = self._file("weights", self.weights, config.get("resume"))
            config["model"]["checkpoint"] = self._file("sam_weights", self.sam_weights, config["model"]["checkpoint"])
            config["dino_path"] = self._file("dino_weights", self.dino_weights, config.get("dino_path"))
            int(config["model"]["pad"])
        except (KeyError, TypeError) as error:
            raise CheckoutError(
                f"{file}: {error} is missing, expected a configuration like DetAny3D's demo.yaml"
            ) from error
        return config

    def namer(self) -> tuple[str, str]:
        """Configuration and weights of GroundingDINO.

        Raises:
            CheckoutError: one is missing.
        """
        usual = "GroundingDINO/groundingdino/config/GroundingDINO_SwinB_cfg.py"
        weights = "GroundingDINO/weights/groundingdino_swinb_cogcoor.pth"
        return (
            self._file("namer_config", self.namer_config, usual),
            self._file("namer_weights", self.namer_weights, weights),
        )

    def _file(self, name: str, given: Path | None, usual: str | None) -> str:
        path = given if given is not None else self.checkout / str(usual)
        if not path.is_file():
            raise CheckoutError(f"no file at {path}; put it there, or give {name}= its path")
        return str(path.resolve())
