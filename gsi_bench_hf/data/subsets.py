"""The configs of GSI-Bench: one frozen spec each. Hub repo ids and file names stand here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gsi_bench_hf.registry import Registry

Origin = Literal["released", "simulated"]

HUB_REPO = "GSI-Bench/GSI-Bench"
"""Where the released files lie. The environment variable below, or an argument, names another place."""
HUB_REPO_VARIABLE = "GSI_BENCH_HUB_REPO"
DEFAULT_CONFIG = "sim-tabletop"
HOMEPAGE = "https://arxiv.org/abs/2604.20570"

CITATION = """\
@inproceedings{gsibench2026,
  title         = {Exploring Spatial Intelligence from a Generative Perspective},
  booktitle     = {Proceedings of the IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)},
  year          = {2026},
  eprint        = {2604.20570},
  archivePrefix = {arXiv}
}"""

_RELEASED_LICENCE = f"as stated by the authors on the dataset card of {HUB_REPO}"
_SCANNETPP_LICENCE = f"{_RELEASED_LICENCE}; the photographs are under the ScanNet++ terms of use"


class UnavailableConfigError(ValueError):
    """A config that has a name but no data in this version. The message is one line: what, where it was looked for, what to do."""


@dataclass(frozen=True)
class Subset:
    """What a config is.

    Attributes:
        name: the config's name in `load_dataset("gsi-bench", name)`.
        environment: what its scenes show: "tabletop", "room", "bathroom", "real", or "mixed".
        what: one line for a human.
        splits: split name to number of rows at full size.
        origin: "released" by the paper's authors, or "simulated" here from a seed.
        licence: of the data.
        hub_file: archive in the Hub repo; None for simulated configs.
        built: whether this version can give its rows.
        generator: config name that `synth.generate.generate_rows` knows; None for released configs, which are read, and unbuilt ones.
        instead: the config to use as long as this one is not built.
        citation: BibTeX.
    """

    name: str
    environment: str
    what: str
    splits: Mapping[str, int]
    origin: Origin
    licence: str
    hub_file: str | None = None
    built: bool = False
    generator: str | None = None
    instead: str = DEFAULT_CONFIG
    citation: str = field(default=CITATION, repr=False)

    @property
    def split(self) -> str:
        """Name of the config's only split."""
        (name,) = self.splits
        return name

    @property
    def num_rows(self) -> int:
        """Number of rows at full size."""
        return self.splits[self.split]


def hub_repo(repo_id: str | None = None) -> str:
    """The Hub repo of the released files: the argument, else `$GSI_BENCH_HUB_REPO`, else the authors' own.

    >>> hub_repo("me/my-copy")
    'me/my-copy'
    """
    return repo_id or os.environ.get(HUB_REPO_VARIABLE) or HUB_REPO


def require_built(subset: Subset, *, data_dir: str | None = None, repo_id: str | None = None) -> None:
    """Check that this version can give the subset's rows.

    Args:
        subset: the config's spec.
        data_dir: the folder with released files that a user named, if any.
        repo_id: the Hub repo that a user named, if any.

    Raises:
        UnavailableConfigError: it can't; one line says why and what to use instead.
    """
    if subset.built:
        return
    instead = f"use load_dataset('gsi-bench', '{subset.instead}')"
    if subset.origin == "simulated":
        raise UnavailableConfigError(
            f"config '{subset.name}' has no generator in this version of gsi-bench-hf; {instead}"
        )
    where = f"data_dir='{data_dir}'" if data_dir else f"the Hub dataset '{hub_repo(repo_id)}'"
    raise UnavailableConfigError(
        f"config '{subset.name}' would come from the released '{subset.hub_file}' in {where}, but nothing was opened: this version "
        f"of gsi-bench-hf knows of no such file; {instead}"
    )


SUBSETS: Registry[Subset] = Registry("config")
"""Every config by its name. The default of the examples comes first."""

_SIM_LICENCE = "apache-2.0"

for _subset in (
    Subset(
        "sim-tabletop",
        "tabletop",
        "GSI-Sim tabletop: move, rotate and scale household objects on a table; rendered here, labels exact",
        {"test": 600},
        "simulated",
        _SIM_LICENCE,
        built=True,
        generator="sim-tabletop",
    ),
    Subset(
        "sim-room",
        "room",
        "GSI-Sim room: move, rotate, remove, view, place and receptacle in furnished bedrooms, living rooms, kitchens and offices",
        {"test": 593},
        "simulated",
        _SIM_LICENCE,
        built=True,
        generator="sim-room",
    ),
    Subset(
        "sim-bathroom",
        "bathroom",
        "GSI-Sim bathroom: the same six operations in bathrooms, from changing viewpoints",
        {"test": 200},
        "simulated",
        _SIM_LICENCE,
        built=True,
        generator="sim-bathroom",
    ),
    Subset(
        "sim-train",
        "mixed",
        "GSI-Sim training pairs: tabletop move, rotate, scale and room move, rotate, remove, view, 1,500 each",
        {"train": 10_500},
        "simulated",
        _SIM_LICENCE,
        built=True,
        generator="sim-train",
    ),
    Subset(
        "real",
        "real",
        "GSI-Real: 441 edits of 211 ScanNet++ frames; move, rotate, remove",
        {"test": 441},
        "released",
        _SCANNETPP_LICENCE,
        "fine_dataset.zip",
        built=True,
    ),
    Subset(
        "tabletop",
        "tabletop",
        "GSI-Syn-Tabletop: move, rotate, scale",
        {"test": 600},
        "released",
        _RELEASED_LICENCE,
        "mesatask_dataset.zip",
        built=True,
    ),
    Subset(
        "room",
        "room",
        "GSI-Syn-Room: six operations",
        {"test": 593},
        "released",
        _RELEASED_LICENCE,
        "robothor_dataset.zip",
        built=True,
    ),
    Subset(
        "bathroom",
        "bathroom",
        "GSI-Syn-Bathroom",
        {"test": 200},
        "released",
        _RELEASED_LICENCE,
        "bathroom_dataset.zip",
        built=True,
    ),
    Subset(
        "train",
        "mixed",
        "GSI-Syn-Train: 7 pairs of operation and environment, 1,500 each, as far as released",
        {"train": 10_500},
        "released",
        _RELEASED_LICENCE,
        "training pairs",
        instead="sim-train",
    ),
):
    SUBSETS.add(_subset.name, _subset)
del _subset
