"""Samples of a dataset as one self-contained HTML file that reads well on a phone and in the dark."""

from gsi_bench_hf.gallery.write import write_gallery

__all__ = ["write_gallery"]
