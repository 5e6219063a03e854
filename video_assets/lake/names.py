"""Clips, files and batches by the names that people type: the first digits of an id, or of what a batch's key ends in."""

from __future__ import annotations

from pathlib import Path

import duckdb

_LISTED = 8


def resolve_clip(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """The id of the one clip whose id begins so.

    Raises:
        ValueError: there is none, or several; the sentence lists them.
    """
    given, name = name, name.strip().lower()
    found = connection.execute(
        "SELECT c.clip_id, any_value(v.file_name), any_value(c.start_s), any_value(c.end_s) FROM clips AS c "
        "LEFT JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id "
        "WHERE starts_with(c.clip_id, $name) GROUP BY c.clip_id "
        "ORDER BY c.clip_id <> $name, c.clip_id LIMIT $most",
        {"name": name, "most": _LISTED + 1},
    ).fetchall()
    if not name or not found:
        hint = "'video-assets clips' lists the clips"
        if "." in name:  # no id has a dot
            raise ValueError(
                f"The lake has no file {given}; 'video-assets curate' names what it could not take in, and {hint}."
            )
        raise ValueError(f"No clip has an id that begins with {name!r}; {hint}.")
    if len(found) > 1 and found[0][0] != name:
        listed = [f"{clip} ({file}, {start:.2f} to {end:.2f} s)" for clip, file, start, end in found[:_LISTED]]
        raise ValueError(f"Several clips have an id that begins with {name}: {_either(listed, len(found))}.")
    return str(found[0][0])


def resolve_file(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """The contents (``source_files.content``) of the files that are named so, in order; none where there is no such file.

    Args:
        connection: with the lake in use.
        name: a file's name or the end of its path, a path from the working directory, or an address.
    """
    path = Path(name)
    places = [name] if name.startswith("s3://") else [str(path.absolute()), str(path.resolve())]
    found = connection.execute(
        "SELECT DISTINCT content FROM source_files "
        "WHERE uri IN (SELECT unnest($places)) OR ends_with(uri, '/' || $name) ORDER BY content",
        {"name": name, "places": places},
    ).fetchall()
    return [content for (content,) in found] if name else []


def resolve_batch(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """The key of the one batch that is named so: its key, the beginning of it, or that of its last part.

    Raises:
        ValueError: there is none, or several; the sentence lists them.
    """
    known = [b for (b,) in connection.execute("SELECT DISTINCT batch FROM source_files ORDER BY batch").fetchall()]
    wanted = name.strip()
    found = [b for b in known if b == wanted] or [
        b for b in known if wanted and (b.startswith(wanted) or b.rpartition("-")[2].startswith(wanted))
    ]
    if not found:
        raise ValueError(f"There is no batch {name!r}; 'video-assets batches' lists the batches.")
    if len(found) > 1:
        raise ValueError(f"Several batches are named {name}: {_either(found[:_LISTED], len(found))}.")
    return str(found[0])


def _either(listed: list[str], count: int) -> str:
    return ", ".join(listed) + (" and more" if count > len(listed) else "")
