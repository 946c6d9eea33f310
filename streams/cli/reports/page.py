"""A report as one page that needs nothing else."""

from __future__ import annotations

from streams.cli.reports.document import Report

__all__ = ["html_page"]


def html_page(report: Report) -> str:
    """The page."""
    return report.title
