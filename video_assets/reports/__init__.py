"""Pictures and tables for a person: histograms, funnels, contact sheets, and the pages that hold them."""

from video_assets.reports.charts import funnel, histogram, parts
from video_assets.reports.clips import Frames, contact_sheet, with_thumbnails
from video_assets.reports.pages import coverage, inline, page
from video_assets.reports.tables import drawn_table, table

__all__ = [
    "Frames",
    "contact_sheet",
    "coverage",
    "drawn_table",
    "funnel",
    "histogram",
    "inline",
    "page",
    "parts",
    "table",
    "with_thumbnails",
]
