"""All dashboards."""

from __future__ import annotations

from ops.dashboards.array import ARRAY
from ops.dashboards.estate import ESTATE
from ops.dashboards.group import GROUP
from ops.dashboards.link import LINK
from ops.dashboards.pipeline import PIPELINE

__all__ = ["BOARDS"]

BOARDS = (ESTATE, ARRAY, LINK, GROUP, PIPELINE)
