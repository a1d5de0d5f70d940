"""An export that a test kills: `python killed_export.py FORMAT FOLDER`. Prints a line when its rows are made."""

import sys

from export_rows import export_rows

from gsi_bench_hf.export import export_pairs

NUM_ROWS = 240

if __name__ == "__main__":
    rows = export_rows(NUM_ROWS)
    print("ready", flush=True)
    export_pairs(sys.argv[1], rows, sys.argv[2], rows_per_file=4, rows_per_group=2)
