"""Who said what about a file's rights: sidecars, manifests and the watched folder's default.

Three kinds of statement, the strongest first: the file's *sidecar*, the folder's *manifest*, the *folder* default of the
settings. Fields that nobody states are ``unknown``. A statement that cannot be read never stops the footage: it counts
as unsaid and leaves a ``problem`` to show.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from video_assets.rights.licences import spdx
from video_assets.settings import RightsSettings

UNKNOWN = "unknown"

# The names under which a sidecar or a manifest may give each field, the first that has a value counts.
_OWN_NAMES = {
    "licence": ("licence", "license", "licence_name", "license_name", "spdx"),
    "holder": ("holder", "rights_holder", "copyright_holder", "copyright", "author", "creator"),
    "source_url": ("source_url", "source", "url", "webpage_url"),
    "acquired_how": ("acquired_how", "acquisition", "acquired_by"),
    "acquired_at": ("acquired_at", "acquired", "acquired_on", "downloaded_at"),
}
_FILE_NAMES = ("file", "path", "name", "file_name", "filename")


@dataclass(frozen=True)
class Rights:
    """The rights columns of a file, each ``unknown`` when nobody said."""

    licence: str = UNKNOWN
    holder: str = UNKNOWN
    source_url: str = UNKNOWN
    acquired_how: str = UNKNOWN
    acquired_at: str = UNKNOWN
    rights_from: str = UNKNOWN
    """``sidecar``, ``manifest``, ``folder`` or ``unknown``."""
    problem: str | None = None
    """A sentence about a statement, or a part of one, that could not be used."""

    def columns(self) -> dict[str, str]:
        """Values of the lake's rights columns."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "problem"}


@dataclass(frozen=True)
class Manifest:
    """A folder's statements by relative path or file name."""

    statements: Mapping[str, Rights] = field(default_factory=lambda: MappingProxyType({}))
    problem: str | None = None

    def of(self, relative: str) -> Rights | None:
        """Look up the statement on a file: by its path inside the folder, then by its name."""
        return self.statements.get(relative) or self.statements.get(PurePosixPath(relative).name)


def from_sidecar(mapping: Mapping[str, object]) -> Rights:
    """Read the content of ``NAME.json``, ``NAME.mp4.json`` or of yt-dlp's ``NAME.info.json``."""
    if "extractor" in mapping or "extractor_key" in mapping:
        return _from_yt_dlp(mapping)
    return _stated(mapping, "sidecar")


def read_sidecar(data: bytes | str, name: str) -> Rights:
    """Parse a sidecar's bytes; what is not a JSON object states nothing and is a problem. ``name`` is for people."""
    try:
        mapping = json.loads(data)
    except (ValueError, RecursionError) as error:
        return Rights(problem=f"The sidecar {name} is not JSON ({error}); its rights are not used.")
    if not isinstance(mapping, dict):
        return Rights(problem=f"The sidecar {name} is not a JSON object; its rights are not used.")
    rights = from_sidecar(mapping)
    return replace(rights, problem=f"In the sidecar {name}: {rights.problem}") if rights.problem else rights


def load_manifest(path: Path) -> Manifest:
    """Read a manifest file: CSV, JSONL or Parquet by its suffix."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return Manifest(problem=f"The manifest {path} could not be read ({error.strerror}); its rights are not used.")
    return read_manifest(data, path.name)


def read_manifest(data: bytes, name: str) -> Manifest:
    """Parse a manifest's bytes.

    A row has the file (``file``, ``path`` or ``name``: the name, or the path inside the folder) and any of the rights
    columns. Of two rows on one file the first counts. A row without a file is a problem and is passed over; a manifest
    that cannot be parsed states nothing.
    """
    try:
        rows = list(_rows(data, PurePosixPath(name).suffix.lower()))
    except Exception as error:  # Three parsers with errors of their own; none of them may stop the footage.
        return Manifest(problem=f"The manifest {name} could not be parsed ({error}); its rights are not used.")
    statements: dict[str, Rights] = {}
    problems: list[str] = []
    for number, row in enumerate(rows, 1):
        row = _lower(row)
        file = next((str(row[n]) for n in _FILE_NAMES if row.get(n)), None)
        if file is None:
            problems.append(f"row {number} names no file")
            continue
        rights = _stated(row, "manifest")
        if rights.problem:
            problems.append(f"row {number}: {rights.problem}")
        statements.setdefault(file.replace("\\", "/").removeprefix("./"), rights)
    return Manifest(
        MappingProxyType(statements), f"In the manifest {name}: {'; '.join(problems[:5])}." if problems else None
    )


def rights_for(
    relative: str, sidecar: Rights | None, manifest: Manifest | None, folder_default: RightsSettings
) -> Rights:
    """Merge what is said about a file.

    Every field comes from the strongest statement that gives it, except that licence and holder are one grant: both
    come from the strongest statement that gives either, so that no licence is ever put into the mouth of a holder
    who did not give it. ``rights_from`` names the statement of the grant, or without one the strongest that says
    anything.

    Args:
        relative: path of the file inside its watched folder, with ``/``.
        sidecar: from :func:`read_sidecar`, if there is one.
        manifest: of the watched folder, if there is one.
        folder_default: of the watched folder.
    """
    listed = manifest.of(relative) if manifest else None
    default = _stated(folder_default.model_dump(), "folder")
    statements = [s for s in (sidecar, listed, default) if s is not None]
    problems = [s.problem for s in statements if s.problem]

    def first(name: str) -> str:
        return next((v for s in statements if (v := getattr(s, name)) != UNKNOWN), UNKNOWN)

    grant = next((s for s in statements if (s.licence, s.holder) != (UNKNOWN, UNKNOWN)), Rights())
    return Rights(
        licence=grant.licence,
        holder=grant.holder,
        source_url=first("source_url"),
        acquired_how=first("acquired_how"),
        acquired_at=first("acquired_at"),
        rights_from=grant.rights_from if grant.rights_from != UNKNOWN else first("rights_from"),
        problem=" ".join(problems) or None,
    )


def _stated(mapping: Mapping[str, object], kind: str) -> Rights:
    """Take the rights fields out of a mapping under any of their names."""
    mapping = _lower(mapping)
    values: dict[str, str] = {}
    problems: list[str] = []
    for name, synonyms in _OWN_NAMES.items():
        for synonym in synonyms:
            value = mapping.get(synonym)
            if isinstance(value, Mapping | list | tuple):
                problems.append(f"{synonym} is not a text")
            elif value is not None and (text := _text(value)) and text.casefold() != UNKNOWN:
                values[name] = text
                break
    if "licence" in values:
        values["licence"] = spdx(values["licence"])
    if "acquired_at" in values and not _is_iso(values["acquired_at"]):
        problems.append(f"acquired_at {values.pop('acquired_at')!r} is not an ISO 8601 date or time")
    problem = "; ".join(problems) or None
    return Rights(**values, rights_from=kind if values else UNKNOWN, problem=problem)


def _from_yt_dlp(info: Mapping[str, object]) -> Rights:
    """Read yt-dlp's info: footage from a public page.

    The moment of acquisition is ``epoch``, when yt-dlp looked at the page. ``upload_date`` is when somebody else put
    the video there and says nothing about it.
    """
    mapping = {
        "licence": info.get("license"),
        "holder": next((info[n] for n in ("uploader", "channel", "creator", "artist") if info.get(n)), None),
        "source_url": info.get("webpage_url") or info.get("original_url"),
        "acquired_how": "public",
        "acquired_at": _moment(info.get("epoch")),
    }
    return _stated(mapping, "sidecar")


def _rows(data: bytes, suffix: str) -> Iterable[Mapping[str, object]]:
    if suffix == ".csv":
        return csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    if suffix == ".jsonl":
        rows = [json.loads(line) for line in data.decode("utf-8-sig").splitlines() if line.strip()]
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError("every line must be a JSON object")
        return rows
    if suffix == ".parquet":
        import polars as pl

        return pl.read_parquet(io.BytesIO(data)).iter_rows(named=True)
    raise ValueError(f"{suffix or 'no suffix'} is not one of .csv, .jsonl and .parquet")


def _lower(mapping: Mapping[str, object]) -> dict[str, object]:
    return {str(k).strip().casefold(): v for k, v in mapping.items()}


def _text(value: object) -> str:
    """Return the value as text that any table can hold: JSON may carry halves of surrogate pairs."""
    return str(value).strip().encode("utf-8", "replace").decode()


def _moment(epoch: object) -> str | None:
    try:
        return datetime.fromtimestamp(float(str(epoch)), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def _is_iso(text: str) -> bool:
    if re.fullmatch(r"\d{4}(-\d{2})?", text):  # a year or a month, which Python does not read
        return True
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
