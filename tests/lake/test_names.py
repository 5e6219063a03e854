"""Clips and batches by the first digits of their names."""

from __future__ import annotations

import duckdb
import pytest

from video_assets.lake.names import resolve_batch, resolve_clip

NEW, OLD = "b-20260301-films-68809ad8b4af", "b-68f1c2d3e4a5"


@pytest.fixture
def named() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE clips AS SELECT 'b' AS batch, 'v' AS video_id, clip_id, 0.5 AS start_s, 4.5 AS end_s "
        "FROM (VALUES ('f9f84904820f'), ('f9f84904'), ('3c984d95'), ('3c984e00')) AS t(clip_id)"
    )
    connection.execute("CREATE TABLE raw_videos AS SELECT 'b' AS batch, 'v' AS video_id, 'a.mp4' AS file_name")
    connection.execute("CREATE TABLE source_files AS SELECT unnest(?) AS batch", [[NEW, OLD, NEW]])
    return connection


def test_the_first_digits_of_an_id_name_a_clip(named: duckdb.DuckDBPyConnection) -> None:
    assert resolve_clip(named, "3c984d") == resolve_clip(named, " 3C984D95 ") == "3c984d95"
    # An id that is the beginning of another is itself.
    assert resolve_clip(named, "f9f84904") == "f9f84904"


def test_several_clips_are_listed_to_choose_from(named: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(ValueError, match="Several clips") as told:
        resolve_clip(named, "3c984")
    listed = "3c984d95 (a.mp4, 0.50 to 4.50 s), 3c984e00 (a.mp4, 0.50 to 4.50 s)"
    assert str(told.value) == f"Several clips have an id that begins with 3c984: {listed}."


@pytest.mark.parametrize("name", ["", " ", "%", "_", "zz", "'; DROP TABLE clips", "\x00", "3c984d95ff"])
def test_what_names_no_clip_is_answered_with_how_to_find_one(named: duckdb.DuckDBPyConnection, name: str) -> None:
    with pytest.raises(ValueError, match="'video-assets clips' lists the clips"):
        resolve_clip(named, name)


@pytest.mark.parametrize("name", [NEW, "b-20260301", "b-20260301-films-688", "68809ad8", "688"])
def test_a_batch_is_named_by_its_key_its_beginning_or_its_hash(named: duckdb.DuckDBPyConnection, name: str) -> None:
    assert resolve_batch(named, name) == NEW


def test_an_old_batch_has_the_same_names(named: duckdb.DuckDBPyConnection) -> None:
    assert resolve_batch(named, "68f1") == resolve_batch(named, "b-68") == OLD
    with pytest.raises(ValueError, match=f"Several batches are named 68: {NEW}, {OLD}"):
        resolve_batch(named, "68")
    for unknown in ("", "films", "xyz"):
        with pytest.raises(ValueError, match="'video-assets batches' lists the batches"):
            resolve_batch(named, unknown)
