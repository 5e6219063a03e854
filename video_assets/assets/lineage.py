"""Column lineage for Dagster: from which columns of which assets a column is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import dagster as dg

from video_assets.assets.common import order
from video_assets.curate.lineage import Source, sources
from video_assets.curate.tiers import Rule, Tier
from video_assets.lake.schemas import TIER_VERDICTS, Column
from video_assets.lake.sheet import SHEET, sheet_sql
from video_assets.measurements import tier_asset
from video_assets.settings import settings


def sheet_metadata() -> dict[str, object]:
    """The sheet's columns with what they are made from, in words and as Dagster reads it."""
    table, found = order()[SHEET].table, _sheet_sources()
    columns = [
        dg.TableColumn(c.name, str(c.dtype), f"{c.description} {_in_words(found.get(c.name, ()))}".strip())
        for c in table.columns
    ]
    return {"dagster/column_schema": dg.TableSchema(columns), "dagster/column_lineage": _lineage(found)}


@cache
def _sheet_sources() -> Mapping[str, tuple[Source, ...]]:
    return sources(sheet_sql(settings()))


def tier_metadata(tier: Tier) -> dict[str, object]:
    """A tier's columns and its rules, with what they read, in words and as Dagster reads it.

    A rule is no column of ``tier_verdicts``, but an element of ``passed``; it stands among them as one of the tier's SELECT.
    """
    read = {rule.name: _read(rule, tier) for rule in tier.asked}
    every = tuple(dict.fromkeys(source for found in read.values() for source in found))
    ids = {name: ((SHEET, name),) for name in ("batch", "clip_id")}
    judged = dict.fromkeys(("kept", "verdict", "decided_by", "passed", "not_passed"), every)
    columns = [_column(c) for c in TIER_VERDICTS.columns]
    columns += [
        dg.TableColumn(
            rule.name, "Boolean", f"passed[{n}]: {rule.expression}. {rule.source} {_in_words(read[rule.name])}"
        )
        for n, rule in enumerate(tier.asked, 1)
        if rule.name not in TIER_VERDICTS.schema
    ]
    return {
        "dagster/column_schema": dg.TableSchema(columns),
        "dagster/column_lineage": _lineage({**read, **ids, **judged}),
    }


def _column(column: Column) -> dg.TableColumn:
    return dg.TableColumn(column.name, str(column.dtype), column.description)


def _read(rule: Rule, tier: Tier) -> tuple[Source, ...]:
    """What a rule reads, of the sheet and of the parent's asset."""
    names = {name.lower(): name for name in order()[SHEET].table.schema}
    return tuple(
        (SHEET, names[column]) if table == SHEET else (tier_asset(str(tier.parent)), column)
        for table, column in rule.reads
        if table != SHEET or column in names
    )


def _lineage(found: Mapping[str, Iterable[Source]]) -> dg.TableColumnLineage:
    return dg.TableColumnLineage(
        {
            name: [dg.TableColumnDep(dg.AssetKey(table.split("/")), column) for table, column in read]
            for name, read in found.items()
        }
    )


def _in_words(read: Iterable[Source]) -> str:
    listed = ", ".join(f"{table}.{column}" for table, column in read)
    return f"From {listed}." if listed else ""
