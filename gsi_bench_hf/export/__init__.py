"""Training pairs as files that other trainers read: `export_pairs`, behind `gsi-bench export`."""

from gsi_bench_hf.export.formats import FORMATS, Format, export_pairs
from gsi_bench_hf.export.pairs import EncodedPair, ExportError
from gsi_bench_hf.export.plan import Options

__all__ = ["FORMATS", "EncodedPair", "ExportError", "Format", "Options", "export_pairs"]
