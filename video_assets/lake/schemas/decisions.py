"""Decisions: verdicts, draws, and the ledger of everything that was made."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from video_assets.lake.schemas.table import (
    BATCH,
    BOOL,
    CLIP,
    DOUBLE,
    GPU_SECONDS,
    INT,
    LONG,
    SECONDS,
    TEXT,
    TIME,
    VERSION,
    VIDEO,
    Column,
    Table,
)

TIER = Column("tier", TEXT, "Tier: recipe/stage, the SQL file's path under sql/tiers.")

TIER_OUTCOMES = Table(
    "tier_outcomes",
    "What the rules of a tier say of a clip, a bit each; the view tier_verdicts says it in words.",
    ("tier", "clip_id"),
    (
        BATCH,
        TIER,
        CLIP,
        Column(
            "failed",
            LONG,
            "Bits of the rules that are FALSE: 1 for number 1 of tier_rules, 2 for 2, 4 for 3, and so on.",
        ),
        Column("unknown", LONG, "Bits of the rules that are NULL, for want of a measurement."),
        VERSION,
    ),
)

TIER_VERDICTS = Table(
    "tier_verdicts",
    "A clip's verdict in a tier by its present file, with the rule that decided: a view of tier_outcomes.",
    ("tier", "clip_id"),
    (
        BATCH,
        TIER,
        CLIP,
        Column("kept", BOOL, "TRUE kept, FALSE dropped, NULL undecided (a measurement that a rule needs is missing)."),
        Column("verdict", TEXT, "kept, dropped or undecided: the same in words."),
        Column("decided_by", TEXT, "The first rule that is false, else the first that is undecided; NULL when kept."),
        Column("passed", pl.List(pl.Boolean()), "Every rule's outcome, in the order of tier_rules of this version."),
        Column("not_passed", INT, "How many of them are not TRUE: of 1, that rule alone keeps the clip out."),
        VERSION,
    ),
)

TIER_VERDICTS_HISTORY = replace(
    TIER_VERDICTS,
    name="tier_verdicts_history",
    description="The same in every tier of which the lake has outcomes, also by an older file, or by one that is gone.",
)

TIER_RULES_HISTORY = Table(
    "tier_rules_history",
    "A rule of a tier, in each version of its file by which the lake has verdicts.",
    ("tier", "version", "number"),
    (
        BATCH,
        TIER,
        Column("number", INT, "Place in the order in which the rules apply, from 1."),
        Column("rule", TEXT, "Name of the rule."),
        Column("expression", TEXT, "What a clip must be to pass, in SQL over clip_sheet."),
        Column("source", TEXT, "Where the rule comes from, as the file says beside it."),
        VERSION,
    ),
)

TIER_RULES = replace(
    TIER_RULES_HISTORY,
    name="tier_rules",
    description="A rule of a tier by its present file: a view of tier_rules_history.",
)

DRAWS_HISTORY = Table(
    "draws_history",
    "A clip that was drawn from those that a tier keeps, also by an older file of the draw, or by one that is gone.",
    ("tier", "clip_id"),
    (
        BATCH,
        Column("tier", TEXT, "Tier from which it is drawn: recipe/stage; the draw's file is named as the tier's."),
        CLIP,
        VIDEO,
        Column("part", TEXT, "Part of the mix as which it was drawn, such as its orientation."),
        Column("wanted", BOOL, "Whether it is of the kind of which the mix is to have a least share, such as people."),
        Column("source", TEXT, "Source that may give so many clips and no more; NULL where none is limited."),
        Column("bucket", TEXT, "Bucket of like duration and aspect; NULL where the draw has none."),
        Column("split", TEXT, "train, or evaluation: of a source video that is held out of training, every clip."),
        Column(
            "luck", DOUBLE, "The clip's own number in [0, 1) by the draw's seed: the lower, the sooner it is drawn."
        ),
        VERSION,
    ),
)

DRAWS = replace(
    DRAWS_HISTORY,
    name="draws",
    description="A clip that is drawn from those that a tier keeps into the training mix: a view of draws_history.",
)

TIER_FILES = Table(
    "tier_files",
    "A file of a tier or of a draw as it was last read: whether it is used, and if not, why.",
    ("kind", "tier"),
    (
        Column("kind", TEXT, "tier or draw."),
        TIER,
        Column("state", TEXT, "used; refused, as it cannot be used; or gone, as there is no such file any more."),
        Column("version", TEXT, "Version of the file that is used; NULL when none is."),
        Column("path", TEXT, "The file."),
        Column("line", INT, "Line that is wrong, from 1; NULL unless the file is refused."),
        Column("message", TEXT, "What is wrong and how to mend it; NULL unless the file is refused."),
        Column("since", TIME, "Since when the state and the version are so.", volatile=True),
    ),
    in_catalog=True,
)

FAILED_ATTEMPTS = Table(
    "failed_attempts",
    "The last attempt at an asset's batch that failed as a whole: automation makes no second one at the same.",
    ("asset", "batch"),
    (
        Column("asset", TEXT, "Asset key, with / between its parts."),
        BATCH,
        Column("version", TEXT, "Version of the code, parameters and weights that was tried."),
        Column(
            "inputs", TEXT, "JSON object: each upstream asset's data version that was read, and each file's version."
        ),
        Column("passing", BOOL, "Whether the machine failed (disk, network, a lock), which may pass by itself."),
        Column("message", TEXT, "What went wrong, in a sentence."),
        Column("run_id", TEXT, "Dagster run that failed.", volatile=True),
        Column("failed_at", TIME, "When it failed.", volatile=True),
    ),
    in_catalog=True,
)

MATERIALIZATIONS = Table(
    "materializations",
    "The ledger: what each asset's batch was made from, by which version and run, and what it cost.",
    ("asset", "batch"),
    (
        Column("asset", TEXT, "Asset key, with / between its parts."),
        BATCH,
        Column("version", TEXT, "Version of the code, parameters and weights that made it."),
        Column("data_version", TEXT, "Hash of the stable values that were written."),
        Column(
            "inputs", TEXT, "JSON object: each upstream asset's data version that was read, and each file's version."
        ),
        Column("rows", LONG, "Rows written."),
        Column("failures", LONG, "Rows with a reason."),
        Column(
            "footage_seconds",
            DOUBLE,
            "Duration of the footage that the rows stand for, in s; NULL where it has no meaning.",
        ),
        SECONDS,
        GPU_SECONDS,
        Column("kept", LONG, "Clips that a tier keeps; NULL of what is no tier."),
        Column("undecided", LONG, "Clips on which a tier is undecided; NULL of what is no tier."),
        Column("kept_seconds", DOUBLE, "Duration of the clips that a tier keeps, in s; NULL of what is no tier."),
        Column("run_id", TEXT, "Dagster run that made it.", volatile=True),
        Column("made_at", TIME, "When it was committed.", volatile=True),
    ),
    in_catalog=True,
)
