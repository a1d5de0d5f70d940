"""GSI-Real's way from ScanNet++: frames, their 3D structure, edits proposed and checked, verified and reworded by a judge, reviewed
by people, written as records and in the released layout.

- `make_candidates`: from a copy of ScanNet++ to a folder of candidate edits. `gsi_bench_hf.review` shows that folder to people.
- `finish`: from the reviewed folder to the subset.
"""

from gsi_bench_hf.data.scannetpp.candidates import make_candidates
from gsi_bench_hf.data.scannetpp.finish import Finished, finish
from gsi_bench_hf.data.scannetpp.layout import ScanNetppError
from gsi_bench_hf.data.scannetpp.settings import Settings

__all__ = ["Finished", "ScanNetppError", "Settings", "finish", "make_candidates"]
