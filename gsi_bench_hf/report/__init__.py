"""Results as one self-contained HTML file that reads well on a phone and in the dark."""

from gsi_bench_hf.report.template import MissingReportExtraError
from gsi_bench_hf.report.write import write_report

__all__ = ["MissingReportExtraError", "write_report"]
