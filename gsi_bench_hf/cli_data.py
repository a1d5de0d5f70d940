"""Commands of `gsi-bench` that make datasets and show them: `build`, `merge`, `view`."""

from __future__ import annotations

import argparse

from gsi_bench_hf.cli_output import say
from gsi_bench_hf.cli_photographs import build_real, wants_photographs

DONE = 0


def build(arguments: argparse.Namespace) -> int:
    """`gsi-bench build`."""
    if wants_photographs(arguments):
        return build_real(arguments)
    from gsi_bench_hf.data.repo import build as build_repo

    shards, num_shards = arguments.shards or (None, None)
    build_repo(
        arguments.config,
        arguments.out,
        num_samples=arguments.num_samples,
        seed=arguments.seed,
        num_proc=arguments.num_proc,
        renderer=arguments.renderer,
        num_shards=num_shards,
        shards=shards,
    )
    if shards is None or len(shards) == num_shards:
        say(f"Dataset: {arguments.out}\n{_how_to_load(arguments.out, arguments.config)}")
    else:
        say(
            f"Part: {arguments.out} holds {len(shards)} of the {num_shards} shards of {arguments.config}.\n"
            "When all are made: gsi-bench merge PART … --out DIR"
        )
    return DONE


def merge(arguments: argparse.Namespace) -> int:
    """`gsi-bench merge`."""
    from gsi_bench_hf.data.card import read_configs
    from gsi_bench_hf.data.merge import merge as merge_parts

    for config in read_configs(merge_parts(arguments.parts, arguments.out)):
        say(f"{config.subset.name}: {config.build.num_rows} rows, fingerprint {config.fingerprint[:16]}")
        say(_how_to_load(arguments.out, config.subset.name))
    return DONE


def view(arguments: argparse.Namespace) -> int:
    """`gsi-bench view`."""
    from gsi_bench_hf.gallery import write_gallery

    path = write_gallery(
        arguments.source,
        arguments.out or "gallery.html",
        config=arguments.config,
        num_samples=arguments.limit,
        seed=arguments.seed,
        data_dir=arguments.data_dir,
    )
    say(f"Gallery: {path}")
    return DONE


def _how_to_load(out: str, config: str) -> str:
    path = out if out.startswith((".", "/")) else f"./{out}"
    return f'load_dataset("{path}", "{config}") reads it.'
