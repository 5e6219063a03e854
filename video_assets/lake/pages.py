"""Pictures that Dagster's pages show by reference: files of the lake, each noted in the table ``pages``.

What an event of Dagster's holds cannot be taken back by batch. A file can: it goes when no row refers to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from video_assets.lake.files import DataFiles
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import PAGES

KINDS = ("jpg", "svg")


@dataclass(frozen=True)
class Picture:
    """A picture that is not stored yet.

    Attributes:
        data: The file.
        kind: How its name ends, one of ``KINDS``.
        says: What it shows, in words that may stand in an event: no file's name and nobody's text.
    """

    data: bytes
    kind: str
    says: str

    def path(self, asset: str, batch: str) -> str:
        """Where it is in the lake: ``pages/<asset>/batch=<batch>/<hash of its bytes>.<kind>``."""
        partition = f"batch={batch}" if batch else "all"
        return f"{PAGES.name}/{asset}/{partition}/{hashlib.sha256(self.data).hexdigest()[:32]}.{self.kind}"


def store(
    lake: Lake, asset: str, pictures: Mapping[str, Mapping[str, Picture]], run_id: str = ""
) -> dict[str, dict[str, str]]:
    """Make these the pictures of an asset's page, in one commit; see :meth:`video_assets.lake.lake.Lake.commit_along`.

    Args:
        lake: the lake.
        asset: the asset.
        pictures: of each batch, each entry's picture; a batch without one has none from now on.
        run_id: the Dagster run that made them.

    Returns:
        The paths of the files from the lake's root on, by batch and entry.
    """
    paths: dict[str, dict[str, str]] = {batch: {} for batch in pictures}
    rows: list[dict[str, object]] = []
    for batch, entries in pictures.items():
        for name, picture in entries.items():
            path = paths[batch][name] = picture.path(asset, batch)
            lake.files.write(picture.data, path)
            described = {"batch": batch, "name": name, "path": path, "says": picture.says, "bytes": len(picture.data)}
            rows.append(described)
    if not rows and not lake.is_waiting(PAGES) and lake.query(_ANY, [asset, list(pictures)]).is_empty():
        return paths
    made = PAGES.frame(rows, asset=asset, made_at=datetime.now(UTC)) if rows else PAGES.empty()
    replacement = Replacement(PAGES, list(pictures), made, {"asset": asset})
    lake.commit_along(replacement, message=f"page of {asset}", run_id=run_id)
    return paths


_ANY = "SELECT 1 FROM pages WHERE asset = ? AND batch IN (SELECT unnest(?)) LIMIT 1"


def picture_file(files: DataFiles, parts: Sequence[str]) -> Path | None:
    """The picture of that path under ``pages/``, on local disk; None where there is none.

    Args:
        files: the lake's.
        parts: the path's parts, as anybody may have typed them: nothing but a picture is given.
    """
    path = PurePosixPath(PAGES.name, *parts)
    plain = all(part not in ("", ".", "..") and not set(part) & set("/\\\0") for part in parts)
    named = path.suffix[1:] in KINDS and len(path.stem) == 32 and set(path.stem) <= set("0123456789abcdef")
    return files.fetch(str(path)) if plain and named and len(parts) > 1 else None
