"""Freezing a release: which clips a tier, a draw and a policy leave, and what is written down of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from video_assets.curate.draws import Draw
from video_assets.curate.tiers import Tier
from video_assets.curate.verdicts import check_rules, failing_on_values, outcomes_query
from video_assets.describe.caption import FIELDS
from video_assets.lake.catalog import connect
from video_assets.lake.lake import Lake
from video_assets.lake.sql_text import identifier, quoted
from video_assets.publish.manifest import Written, without_floats, write
from video_assets.publish.trims import STRETCH, note_trims
from video_assets.settings import Settings
from video_assets.settings.releasing import ReleaseSettings

# A million clips with their captions, sorted, would take two gigabytes.
_MEMORY, _THREADS = "400MB", 2
_GROUP, _LITTLE = 20_480, "50MB"


@dataclass(frozen=True)
class Asked:
    """What a release is to be made of.

    Attributes:
        tier: whose clips.
        draw: by which they are chosen from what the tier keeps; None: all of them.
        policy: what their rights must allow.
        settings: how they are cut and packed.
        macros: the text of ``sql/macros.sql``.
        held_out_share: of the source videos, the share whose clips are for evaluation, 0-1; a draw has its own already.
    """

    tier: Tier
    draw: Draw | None
    policy: Tier
    settings: ReleaseSettings
    macros: str
    held_out_share: float


@dataclass(frozen=True)
class Frozen:
    """A selection that was written down.

    Attributes:
        written: the manifest.
        header: its first line.
        asked_of: clips that the tier or the draw gave.
        refused: what the policy kept out, by the rule that did: ``rule``, ``clips`` and ``hours``; a clip that breaks several
            rules counts for the first of them.
    """

    written: Written
    header: Mapping[str, object]
    asked_of: int
    refused: pl.DataFrame


@contextmanager
def bounded(lake: Lake, scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the lake that holds little in memory, whatever is asked of it; what it does not hold it puts on disk.

    Args:
        lake: the lake; it is only read.
        scratch: a folder for what is put on disk.
    """
    settings = lake.settings.lake
    connection = connect(settings, lake.access if settings.on_s3 else None, read_only=True)
    try:
        connection.execute(f"SET memory_limit = '{_MEMORY}'; SET threads = {_THREADS}")
        connection.execute(f"SET temp_directory = {quoted(str(scratch / '.spilt'))}")
        yield connection
    finally:
        connection.close()


def with_room(connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, object] | None = None) -> None:
    """Run a statement within the connection's memory, and where it cannot be done in that, with what DuckDB takes by default."""
    try:
        connection.execute(sql, parameters)
    except duckdb.OutOfMemoryException:
        # RESET would change the setting, and not what DuckDB 1.5.5 takes.
        with duckdb.connect() as other:
            [(usual,)] = other.execute("SELECT current_setting('memory_limit')").fetchall()
        connection.execute(f"SET memory_limit = {quoted(usual)}")
        connection.execute(sql, parameters)


@contextmanager
def _holding_little(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Inside the block DuckDB lets go of the memory that it would hold for the next statement."""
    [(usual,)] = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    with suppress(duckdb.OutOfMemoryException):
        connection.execute(f"SET memory_limit = '{_LITTLE}'")
    try:
        yield
    finally:
        connection.execute(f"SET memory_limit = {quoted(usual)}")


def freeze(connection: duckdb.DuckDBPyConnection, asked: Asked, settings: Settings, folder: Path) -> Frozen:
    """Select the clips as the lake has them now and write their manifest.

    The policy is asked on the clips as they are today: a licence that expired since the tiers were decided is out.

    Args:
        connection: with the lake in use.
        asked: what the release is to be made of.
        settings: for the texts.
        folder: where the manifest is written; it is there.

    Raises:
        TierError: DuckDB refuses the policy.
        ValueError: the tier or the draw gives no clip, or the policy lets none through.
    """
    check_rules(connection, asked.policy)
    connection.execute(asked.macros)
    with_room(connection, "CREATE OR REPLACE TEMP TABLE chosen AS " + _chosen(asked), {"tier": asked.tier.name})
    try:
        [(count,)] = connection.execute("SELECT count(*) FROM chosen").fetchall()
        if not count:
            by = f"The draw {asked.tier.name} has drawn" if asked.draw else f"The tier {asked.tier.name} keeps"
            raise ValueError(f"{by} no clip; there is nothing to release.")
        _judge(connection, asked.policy)
        refused = connection.execute(_REFUSED, {"rules": [rule.name for rule in asked.policy.asked]}).pl()
        if int(refused["clips"].sum() or 0) == count:
            by = ", ".join(f"{rule} {clips:,}" for rule, clips, _hours in refused.iter_rows())
            raise ValueError(
                f"{asked.policy.name} lets none of the {count:,} clips of {asked.tier.name} through ({by}); state the rights of the "
                "footage, or name another policy."
            )
        header = _header(connection, asked, settings)
        note_trims(connection, "judged", wanted=asked.settings.trims)
        source = folder / ".chosen.parquet"
        scores = {score.column for score in settings.training_text.scores}
        with_room(
            connection, f"COPY ({_rows(scores)}) TO {quoted(str(source))} (FORMAT parquet, ROW_GROUP_SIZE {_GROUP})"
        )
    finally:
        for name in ("trimmed", "judged", "chosen"):
            connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
    try:
        with _holding_little(connection):
            written = write(source, header, asked.settings, folder)
    finally:
        source.unlink()
    return Frozen(written, header, int(count), refused)


def _chosen(asked: Asked) -> str:
    if asked.draw:
        return "SELECT batch, clip_id, split FROM draws WHERE tier = $tier"
    return (
        f"SELECT batch, clip_id, if(held_out(video_id, {asked.held_out_share}), 'evaluation', 'train') AS split "
        "FROM tier_verdicts JOIN clips USING (batch, clip_id) WHERE tier = $tier AND kept"
    )


def _judge(connection: duckdb.DuckDBPyConnection, policy: Tier) -> None:
    """Ask the policy of the chosen clips: of each, which rules are false and which cannot be told."""
    try:
        with_room(
            connection,
            "CREATE OR REPLACE TEMP TABLE judged AS SELECT c.*, o.failed, o.unknown, s.duration_s FROM chosen AS c "
            f"JOIN ({outcomes_query(policy)}) AS o ON o.batch = c.batch AND o.clip_id = c.clip_id "
            "JOIN clips AS s ON s.batch = c.batch AND s.clip_id = c.clip_id",
        )
    except (duckdb.DataError, duckdb.InvalidInputException) as error:
        raise failing_on_values(connection, policy, error) from error


# The first rule that is false, else the first that cannot be told.
_REFUSED = """
SELECT rule, count(*) AS clips, sum(duration_s) / 3600 AS hours
FROM (
    SELECT duration_s, if(failed <> 0, failed, unknown) AS bits, $rules[bit_count(xor(bits, bits - 1))] AS rule
    FROM judged WHERE failed <> 0 OR unknown <> 0
)
GROUP BY rule ORDER BY list_position($rules, rule)
"""


def _rows(scores: set[str]) -> str:
    """The allowed clips with what the manifest says of them, by id."""
    said = ", ".join(f"{name} := CAST(round(s.{identifier(name)}, 4) AS VARCHAR)" for name in sorted(scores))
    # An empty struct is nothing that DuckDB can make.
    told = f"CAST(to_json(struct_pack({said})) AS VARCHAR)" if scores else "CAST(NULL AS VARCHAR)"
    captions = ", ".join(f"k.{name}" for name in FIELDS)
    return f"""
SELECT
    c.clip_id, c.video_id, v.sha256, c.stream, {STRETCH}, c.pts_offset, d.time_base_num, d.time_base_den,
    c.crop_x, c.crop_y, c.crop_width, c.crop_height, j.split, v.licence, v.holder, v.source_url, v.acquired_how,
    k.captioner, k.version AS caption_version, {captions}, k.camera_motion, k.source_tags, k.quality_tags,
    {told} AS scores
FROM judged AS j
JOIN clips AS c ON c.batch = j.batch AND c.clip_id = j.clip_id
JOIN clip_sheet AS s ON s.batch = j.batch AND s.clip_id = j.clip_id
JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id
JOIN decoded_videos AS d ON d.batch = c.batch AND d.video_id = c.video_id
LEFT JOIN trimmed AS t ON t.clip_id = c.clip_id
LEFT JOIN current_captions AS k ON k.batch = c.batch AND k.clip_id = c.clip_id AND k.winner
WHERE j.failed = 0 AND j.unknown = 0
ORDER BY c.clip_id
"""


def _header(connection: duckdb.DuckDBPyConnection, asked: Asked, settings: Settings) -> dict[str, object]:
    """The versions of everything that had a say, and the settings: all of it enters the release's id."""
    versions: dict[str, list[str]] = {}
    for asset, version in connection.execute(
        "SELECT DISTINCT asset, version FROM materializations WHERE batch IN (SELECT batch FROM judged "
        "WHERE failed = 0 AND unknown = 0) AND NOT regexp_matches(asset, '^(tiers/|draws/|views/|caption|source_files|reviews)') "
        "ORDER BY ALL"
    ).fetchall():
        versions.setdefault(asset, []).append(version)
    draw = asked.draw
    described: dict[str, object] = {
        "tier": asked.tier.name,
        "tier_version": asked.tier.version,
        "draw_version": draw.version if draw else "",
        "policy": asked.policy.name,
        "policy_version": asked.policy.version,
        "held_out_share": asked.held_out_share,
        "media": asked.settings.model_dump(mode="json", exclude={"policy"}),
        "texts": settings.training_text.model_dump(mode="json"),
        "measured_by": versions,
    }
    plain: dict[str, object] = without_floats(described)
    return plain
