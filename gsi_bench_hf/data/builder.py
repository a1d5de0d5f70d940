"""`load_dataset("gsi-bench", config)`: the builder that renders a config's rows, or reads them from the released files.

Config arguments, all part of the cache key:

- `num_samples=`: the first so many rows of the config instead of all (600 for `sim-tabletop`); every prefix is balanced.
- `seed=`: another world; 0 is the benchmark. Simulated configs only.
- `renderer=`: the renderer's name. Simulated configs only.
- `data_dir=`: where the released files are, instead of the Hub; see `released_source`. Released configs only, as are the next two.
- `hub_repo=`: another Hub dataset to fetch them from.
- `on_error="skip"`: leave out released edits that are damaged, and warn with their number, instead of stopping at the first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets

from gsi_bench_hf import synth
from gsi_bench_hf.data import released, released_load
from gsi_bench_hf.data.features import features
from gsi_bench_hf.data.subsets import HOMEPAGE, SUBSETS, Subset, require_built
from gsi_bench_hf.synth.configs import CONFIGS

NAME = "gsi-bench"
VERSION = "1.0.0"
"""Of the record. The generator's own version names the cache folder, see `cache_hash`."""


@dataclass(eq=False)
class GsiBenchConfig(datasets.BuilderConfig):  # type: ignore[misc]
    """A config and its arguments; see the module's docstring. `num_samples` 0 is the full size."""

    num_samples: int = 0
    seed: int = 0
    renderer: str = "mujoco"
    hub_repo: str | None = None
    on_error: released.OnError = "raise"

    @property
    def subset(self) -> Subset:
        """The config's spec."""
        return SUBSETS[self.name]

    @property
    def num_rows(self) -> int:
        """Rows to make. Raises ValueError for a number that makes no sense."""
        for name, value in (("num_samples", self.num_samples), ("seed", self.seed)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(
                    f"load_dataset('{NAME}', '{self.name}'): {name} is {value!r}, expected an integer >= 0"
                )
        return self.num_samples or self.subset.num_rows

    def check_released(self) -> None:
        """Raises ValueError for arguments that make no sense with released files."""
        for name in ("seed", "renderer", "data_files"):
            if getattr(self, name) not in (None, getattr(GsiBenchConfig, name, None)):
                raise ValueError(
                    f"config '{self.name}' is read from released files and takes no {name}=; "
                    f"leave it out, or use '{self.subset.instead}'"
                )
        if self.on_error not in ("raise", "skip"):
            raise ValueError(
                f"load_dataset('{NAME}', '{self.name}'): on_error is {self.on_error!r}, expected 'raise' or 'skip'"
            )

    def create_config_id(self, config_kwargs: dict[str, Any], custom_features: Any = None) -> str:
        """Name of the cache folder. Arguments that say what is the default anyway don't make another one."""
        if self.num_samples == self.subset.num_rows:
            self.num_samples = 0
        default = GsiBenchConfig()
        own = {
            k: v for k, v in config_kwargs.items() if v is not None and getattr(self, k) != getattr(default, k, None)
        }
        if self.subset.origin == "released":
            own = released_load.cache_arguments(self.subset, own)
        return str(super().create_config_id(own, custom_features))


class GsiBench(datasets.GeneratorBasedBuilder):  # type: ignore[misc]
    """Renders a config's rows, shard by shard, or reads the released ones; `datasets` caches, streams and distributes them."""

    BUILDER_CONFIG_CLASS = GsiBenchConfig
    BUILDER_CONFIGS = [  # noqa: RUF012 - the name and the type are those of `datasets`
        GsiBenchConfig(name=name, version=datasets.Version(VERSION), description=SUBSETS[name].what) for name in SUBSETS
    ]
    # A row has about half a megabyte of images, and the library's default of 1000 rows would be held in memory.
    DEFAULT_WRITER_BATCH_SIZE = 32

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """The builder of a folder `./gsi-bench` that holds the config (see `local_folder`), else this one."""
        folder = local_folder(kwargs)
        if folder is None:
            return super().__new__(cls)
        passed_on = {k: kwargs[k] for k in ("cache_dir", "features", "token", "storage_options") if k in kwargs}
        return datasets.load_dataset_builder(str(folder), kwargs["config_name"], **passed_on)

    def _info(self) -> datasets.DatasetInfo:
        config: GsiBenchConfig = self.config
        subset = config.subset
        # How many rows a folder of released files gives is known when it is read.
        split = datasets.SplitInfo(subset.split, num_examples=config.num_rows, dataset_name=NAME)
        known = {subset.split: split} if subset.origin == "simulated" else {}
        return datasets.DatasetInfo(
            description=subset.what,
            features=features(),
            citation=subset.citation,
            homepage=HOMEPAGE,
            license=subset.licence,
            splits=datasets.SplitDict(known, dataset_name=NAME) if known else None,
        )

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        config: GsiBenchConfig = self.config
        require_built(config.subset, data_dir=config.data_dir, repo_id=config.hub_repo)
        if config.subset.origin == "released":
            return [datasets.SplitGenerator(config.subset.split, gen_kwargs=self._released_files(dl_manager))]
        if config.data_dir or config.data_files:
            raise ValueError(
                f"config '{config.name}' is rendered here and reads no files, but data_dir= or data_files= was given; leave them out"
            )
        from gsi_bench_hf.synth.render import shared_renderer

        # Now, since `datasets` would hide what is wrong with the renderer behind "An error occurred while generating the dataset".
        shared_renderer(config.renderer)
        # Of whole scenes, so that none is made twice; processes, streams and loaders' workers share them out.
        pieces = shards(config.num_rows, CONFIGS[str(config.subset.generator)].rows_a_cycle)
        return [datasets.SplitGenerator(config.subset.split, gen_kwargs={"shards": pieces})]

    def _released_files(self, dl_manager: Any) -> dict[str, Any]:
        config: GsiBenchConfig = self.config
        config.check_released()
        return released_load.split_arguments(
            config.subset, data_dir=config.data_dir, repo_id=config.hub_repo, dl_manager=dl_manager, token=self.token
        )

    def _generate_examples(
        self, shards: list[tuple[int, int]] | None = None, **files: Any
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        config: GsiBenchConfig = self.config
        if shards is None:
            rows = released_load.rows(config.subset, **files, on_error=config.on_error, num_samples=config.num_samples)
            yield from enumerate(rows)
        else:
            yield from self._render(shards)

    def _render(self, shards: list[tuple[int, int]]) -> Iterator[tuple[int, dict[str, Any]]]:
        from gsi_bench_hf.synth.generate import generate_rows
        from gsi_bench_hf.synth.render import shared_renderer

        config: GsiBenchConfig = self.config
        generator = config.subset.generator
        assert generator is not None, "require_built let it pass"
        renderer = shared_renderer(config.renderer)
        for start, stop in shards:
            rows = generate_rows(generator, seed=config.seed, start=start, stop=stop, renderer=renderer)
            yield from enumerate(rows, start)


def shards(num_rows: int, rows_per_shard: int) -> list[tuple[int, int]]:
    """Half-open ranges of `rows_per_shard` rows, the last one shorter, that cover `num_rows` rows in order.

    >>> shards(7, 3)
    [(0, 3), (3, 6), (6, 7)]
    """
    return [(start, min(start + rows_per_shard, num_rows)) for start in range(0, num_rows, rows_per_shard)]


def cache_hash() -> str:
    """What names the cache folder: changes with the generator's version and with the schema, so that no stale rows are read."""
    key = json.dumps([synth.GENERATOR_VERSION, released.READER_VERSION, features().to_dict()], sort_keys=True)
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def local_folder(builder_kwargs: dict[str, Any]) -> Path | None:
    """The folder `./gsi-bench` of the working directory, if its README declares the config that is asked for.

    So what `gsi-bench build --out gsi-bench` wrote is read rather than rendered again. Arguments that only the generator or another
    source understands (`num_samples`, `seed`, `renderer`, `data_dir`, …) mean that the folder is not what is wanted.
    """
    name = builder_kwargs.get("config_name")
    own = ("num_samples", "seed", "renderer", "hub_repo", "on_error", "data_dir", "data_files")
    readme = Path(NAME, "README.md")
    if name is None or any(builder_kwargs.get(key) is not None for key in own) or not readme.is_file():
        return None
    from huggingface_hub import DatasetCard

    configs = DatasetCard.load(readme).data.to_dict().get("configs") or []
    declared = any(isinstance(config, dict) and config.get("config_name") == name for config in configs)
    return readme.parent.resolve() if declared else None
