"""Of one batch what tiers read, copied from the lake once for all of them.

In a small batch nearly all of a tier's time is DuckLake's, which looks up at each query which files a table has. Of a copy in
memory a tier is decided in milliseconds, and its children see its outcomes before the lake has them, so that a single
commit does for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from video_assets.curate.tiers import Tier
from video_assets.curate.verdicts import Decided, decided_now, rules_of, schema_in_use
from video_assets.lake.lake import Lake
from video_assets.lake.schemas import CLIPS, TIER_OUTCOMES, TIER_RULES_HISTORY, TIER_VERDICTS, TIER_VERDICTS_HISTORY
from video_assets.lake.sheet import SHEET, views_of
from video_assets.lake.sql_text import quoted

_OF_BATCH = (SHEET, CLIPS.name, TIER_OUTCOMES.name)


class AtHand:
    """The copy. Its connection's plain names are the copy's: a tier's text runs unchanged.

    Attributes:
        connection: ``clip_sheet``, ``clips`` and ``tier_verdicts`` are of this batch alone; the verdicts are those of
            ``tier_verdicts_history``, with what :meth:`decide` has decided.
        known: the tiers and versions whose rules the lake has.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        found = connection.execute(f"SELECT DISTINCT tier, version FROM {TIER_RULES_HISTORY.name}").fetchall()
        self.known = frozenset(found)

    def decide(self, tier: Tier, path: Path) -> Decided | None:
        """Decide a tier; from now on its children find what it says.

        Args:
            tier: its parent is in the lake, or was decided before.
            path: file to write; see :func:`video_assets.curate.verdicts.write_outcomes`.

        Returns:
            What it says; None where there is no clip.

        Raises:
            TierError: see :func:`video_assets.curate.verdicts.write_outcomes`.
        """
        said = decided_now(self.connection, tier, path)
        self.connection.execute(f"DELETE FROM {TIER_OUTCOMES.name} WHERE tier = {quoted(tier.name)}")
        self.connection.execute(f"INSERT INTO {TIER_OUTCOMES.name} BY NAME FROM read_parquet({quoted(str(path))})")
        if (tier.name, tier.version) not in self.known:
            rules = rules_of(tier).to_arrow(compat_level=pl.CompatLevel.oldest())
            self.connection.register("rules_now", rules)
            self.connection.execute(f"INSERT INTO {TIER_RULES_HISTORY.name} BY NAME FROM rules_now")
            self.connection.unregister("rules_now")
        return next(iter(said.values()), None)


@contextmanager
def at_hand(lake: Lake, batch: str) -> Iterator[AtHand]:
    """Copy what tiers read of a batch, all of one snapshot."""
    verdicts = views_of(lake.settings)[TIER_VERDICTS_HISTORY.name].rstrip().rstrip(";")
    with lake.cursor() as connection:
        stored = schema_in_use(connection)
        connection.execute("BEGIN")
        for name in _OF_BATCH:
            rows = f"SELECT * FROM {stored}.{name} WHERE batch = {quoted(batch)}"
            connection.execute(f"CREATE TEMP TABLE {name} AS {rows}")
        rules = f"{stored}.{TIER_RULES_HISTORY.name}"
        connection.execute(f"CREATE TEMP TABLE {TIER_RULES_HISTORY.name} AS SELECT * FROM {rules}")
        connection.execute("COMMIT")
        connection.execute(f"CREATE TEMP VIEW {TIER_VERDICTS_HISTORY.name} AS {verdicts}")
        connection.execute(f"CREATE TEMP VIEW {TIER_VERDICTS.name} AS SELECT * FROM temp.{TIER_VERDICTS_HISTORY.name}")
        yield AtHand(connection)
