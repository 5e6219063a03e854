"""Pages: what Dagster's UI shows of a batch by reference."""

from __future__ import annotations

from video_assets.lake.schemas.table import BATCH, LONG, TEXT, TIME, Column, Table

PAGES = Table(
    "pages",
    "A picture that an asset's page in Dagster shows of a batch: a file of the lake, under pages/.",
    ("asset", "batch", "name"),
    (
        Column("asset", TEXT, "Asset key, with / between its parts."),
        BATCH,
        Column("name", TEXT, "Name of the metadata entry that shows it."),
        Column("path", TEXT, "The file, from lake.root on; its name is a hash of its bytes.", volatile=True),
        Column("says", TEXT, "What the picture is, in words.", volatile=True),
        Column("bytes", LONG, "Size of the file, in bytes.", volatile=True),
        Column("made_at", TIME, "When it was committed.", volatile=True),
    ),
    in_catalog=True,
)
