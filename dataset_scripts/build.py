"""Build the dataset repository: every config that this version can make, in one folder.

    python dataset_scripts/build.py DIR [--config NAME …] [--num-samples N] [--seed S] [--num-proc P] [--renderer R]

`datasets` 4 and later load no scripts from a dataset repository; this makes the Parquet and the README.md that they read instead,
with eval.yaml, croissant.json and a picture of samples. Killed and called again, it goes on. `gsi-bench build --shards` and
`gsi-bench merge` do the same on several machines. `check.py` reads through what came out, and

    hf upload OWNER/NAME DIR --repo-type dataset

puts it on the Hub.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from gsi_bench_hf.data.repo import build
from gsi_bench_hf.data.subsets import SUBSETS

MADE = [name for name in SUBSETS if SUBSETS[name].generator is not None]


def main() -> None:
    """Parse the arguments and build."""
    parser = argparse.ArgumentParser(
        description="Build the dataset repository: every config that this version can make."
    )
    parser.add_argument("out", type=Path, help="folder of the repository")
    parser.add_argument("--config", nargs="+", choices=MADE, default=MADE, help="these alone; all by default")
    parser.add_argument("--num-samples", type=int, default=None, help="rows a config; all by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--num-proc", type=int, default=1)
    parser.add_argument("--renderer", default="mujoco")
    arguments = parser.parse_args()
    for name in arguments.config:
        build(
            name,
            arguments.out,
            num_samples=arguments.num_samples,
            seed=arguments.seed,
            num_proc=arguments.num_proc,
            renderer=arguments.renderer,
        )


if __name__ == "__main__":
    main()
