"""Rights: what the files themselves say of training."""

from __future__ import annotations

from video_assets.lake.schemas.table import (
    BATCH,
    INT,
    LIMITED_BY,
    MESSAGE,
    REASON,
    SECONDS,
    TEXT,
    VERSION,
    VIDEO,
    Column,
    Table,
)

RIGHTS_SIGNALS = Table(
    "rights_signals",
    "An entry of a training-and-data-mining assertion in a video's C2PA manifests, its own and those of what it was made from; or one row that says that there is none, or why none can be read.",
    ("video_id", "n"),
    (
        BATCH,
        VIDEO,
        Column("n", INT, "Number of the entry in the video, from 0: its own manifest's first."),
        Column("kind", TEXT, "Whose assertion: c2pa (c2pa.training-mining) or cawg (cawg.training-mining)."),
        Column(
            "key",
            TEXT,
            "What it is about: cawg.ai_generative_training, c2pa.data_mining, ...; the assertion's label, where it has no entries.",
        ),
        Column("value", TEXT, "Its use: allowed, notAllowed, constrained, or what else stands there."),
        Column("as_given", TEXT, "The entry as it stands, JSON."),
        Column(
            "state",
            TEXT,
            "read; none (no such assertion); unsupported (no container of which manifests can be read); unreadable (damaged); remote (the manifest is elsewhere, and was not fetched); not_available (c2pa-python is not installed). NULL when the row has a reason.",
        ),
        Column(
            "validation_state",
            TEXT,
            "Of the video's own manifest: Valid, Trusted or Invalid; NULL when there is none that can be read.",
        ),
        Column("codes", TEXT, "Codes of what failed in the validation, ingredients' too; NULL when nothing did."),
        Column(
            "from_ingredient",
            TEXT,
            "What the assertion's manifest is to the video: parentOf, componentOf, inputTo or unreferenced; NULL for the video's own.",
        ),
        Column("reader_version", TEXT, "Version of c2pa-python that read it; NULL without it.", volatile=True),
        VERSION,
        REASON,
        MESSAGE,
        LIMITED_BY,
        SECONDS,
    ),
)
