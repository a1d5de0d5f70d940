"""Build the dataset repository: every config that this version can make, in one folder.

    python dataset_scripts/build.py DIR [--num-samples N] [--seed S] [--num-proc P]

`datasets` 4 and later load no scripts from a dataset repository; this makes the Parquet and the README.md that they read instead.
"""

from __future__ import annotations

import argparse

from gsi_bench_hf.data.repo import build
from gsi_bench_hf.data.subsets import SUBSETS


def main() -> None:
    """Parse the arguments and build."""
    parser = argparse.ArgumentParser(
        description="Build the dataset repository: every config that this version can make."
    )
    parser.add_argument("out", help="folder of the repository")
    parser.add_argument("--num-samples", type=int, default=None, help="rows a config; all by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--num-proc", type=int, default=1)
    arguments = parser.parse_args()
    for name in SUBSETS:
        if SUBSETS[name].generator is not None:
            build(
                name,
                arguments.out,
                num_samples=arguments.num_samples,
                seed=arguments.seed,
                num_proc=arguments.num_proc,
            )


if __name__ == "__main__":
    main()
