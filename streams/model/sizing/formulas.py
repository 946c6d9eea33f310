"""The version of the formulas: two reports of different versions may differ on the same data."""

from __future__ import annotations

__all__ = ["FORMULAS"]

FORMULAS = "2"
"""Raised whenever a figure of a report would come out differently from the same entries."""
