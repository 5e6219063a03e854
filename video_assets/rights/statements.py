"""Who said what about a file's rights: sidecars, manifests and the watched folder's default.

Three kinds of statement, the strongest first: the file's *sidecar*, the folder's *manifest*, the *folder* default of the
settings. Fields that nobody states are ``unknown``. A statement that cannot be read never stops the footage: it counts
as unsaid and leaves a ``problem`` to show, as does one in which nothing is understood.

Beside the project's own form, those of some other tools are read (:mod:`video_assets.rights.outside`).
"""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from video_assets.rights.fields import Rights, lower_keys, merged, not_read, stated
from video_assets.rights.outside import ITEM, from_item, from_outside, item_in, item_of_xml
from video_assets.settings import RightsSettings

# The names under which a manifest's row may give its file, the first that has a value counts.
_FILE_NAMES = (
    "file", "path", "name", "file_name", "filename", "file_path", "filepath", "relative_path", "video", "video_path",
)  # fmt: skip
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True)
class Manifest:
    """A folder's statements by relative path or file name, and what holds for each file that has none."""

    statements: Mapping[str, Rights] = field(default_factory=lambda: MappingProxyType({}))
    problem: str | None = None
    others: Rights | None = None

    def of(self, relative: str) -> Rights | None:
        """Look up the statement on a file: by its path inside the folder, then by its name."""
        return self.statements.get(relative) or self.statements.get(PurePosixPath(relative).name) or self.others


def from_sidecar(mapping: Mapping[str, object], name: str = "") -> Rights:
    """Read the content of a sidecar in any of the forms; its name says that it is yt-dlp's ``NAME.info.json``."""
    if (rights := from_outside(mapping, name)) is not None:
        return rights
    rights = stated(mapping, "sidecar")
    unread = not_read(mapping)
    return replace(rights, problem="; ".join(filter(None, (rights.problem, unread)))) if unread else rights


def read_sidecar(data: bytes | str, name: str) -> Rights:
    """Parse a sidecar's bytes; what is not a JSON object, or an item's XML, states nothing and is a problem.

    Args:
        data: the sidecar.
        name: its name, which tells its form.
    """
    if name.lower().endswith(ITEM):
        try:
            return from_item(item_of_xml(data), "sidecar")
        except (ET.ParseError, ValueError) as error:
            return _garbled(f"The sidecar {name} is no item's metadata ({error})")
    try:
        mapping = json.loads(data)
    except (ValueError, RecursionError) as error:
        return _garbled(f"The sidecar {name} is not JSON ({error})")
    if not isinstance(mapping, dict):
        return _garbled(f"The sidecar {name} is not a JSON object")
    rights = from_sidecar(mapping, name)
    return replace(rights, problem=f"In the sidecar {name}: {rights.problem}") if rights.problem else rights


def _garbled(what: str) -> Rights:
    return Rights(problem=f"{what}; its video's rights are unknown until it is mended.", understood=False)


def load_manifest(path: Path) -> Manifest:
    """Read a manifest file by its suffix."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return Manifest(problem=f"The manifest {path} could not be read ({error.strerror}); its rights are not used.")
    return read_manifest(data, path.name)


def read_manifest(data: bytes, name: str) -> Manifest:
    """Parse a manifest's bytes: CSV, TSV, JSONL, JSON or Parquet by its suffix, or an item of the Internet Archive.

    A row has the file (``file``, ``path`` or ``name``: the name, or the path inside the folder) and any of the rights
    columns. Of two rows on one file the first counts. A row without a file is a problem and is passed over; a manifest
    that cannot be parsed states nothing. JSON is a list of rows, or an object with a row for each file name. An item's
    metadata states the same of all its files.
    """
    try:
        if name.lower().endswith(ITEM):
            return Manifest(others=from_item(item_of_xml(data), "manifest"))
        suffix = PurePosixPath(name).suffix.lower()
        if suffix == ".json" and (found := item_in(parsed := json.loads(data))) is not None:
            return _item_manifest(found, parsed)
        rows = list(_rows(data, suffix))
    except Exception as error:  # Three parsers with errors of their own; none of them may stop the footage.
        return Manifest(problem=f"The manifest {name} could not be parsed ({error}); its rights are not used.")
    statements: dict[str, Rights] = {}
    problems: list[str] = []
    for number, row in enumerate(rows, 1):
        row = lower_keys(row)
        file = next((str(row[n]) for n in _FILE_NAMES if row.get(n)), None)
        if file is None:
            problems.append(f"row {number} names no file")
            continue
        rights = stated(row, "manifest")
        if rights.problem:
            problems.append(f"row {number}: {rights.problem}")
        statements.setdefault(file.replace("\\", "/").removeprefix("./"), replace(rights, problem=None))  # told once
    if statements and (unread := not_read({key: 1 for row in rows for key in row})):
        problems.insert(0, unread)
    return Manifest(
        MappingProxyType(statements), f"In the manifest {name}: {'; '.join(problems[:5])}." if problems else None
    )


def _item_manifest(item: Mapping[str, object], parsed: Mapping[str, object]) -> Manifest:
    rights = from_item(item, "manifest")
    files = parsed.get("files")
    names = [f.get("name") for f in files if isinstance(f, dict)] if isinstance(files, list) else []
    told_once = replace(rights, problem=None)
    return Manifest(MappingProxyType({str(name): told_once for name in names if name}), rights.problem)


def rights_for(
    relative: str, sidecar: Rights | None, manifest: Manifest | None, folder_default: RightsSettings
) -> Rights:
    """Merge what is said about a file.

    As :func:`video_assets.rights.fields.merged` does: licence, holder, consent, expiry and evidence are one grant, so that
    no licence is ever put into the mouth of a holder who did not give it. Where the sidecar could not be parsed nothing is
    known: it may say the opposite of what a weaker one does.

    Args:
        relative: path of the file inside its watched folder, with ``/``.
        sidecar: from :func:`read_sidecar`, if there is one.
        manifest: of the watched folder, if there is one.
        folder_default: of the watched folder.
    """
    if sidecar is not None and not sidecar.understood:
        return Rights(problem=sidecar.problem, understood=False)
    listed = manifest.of(relative) if manifest else None
    default = stated(folder_default.model_dump(), "folder")
    return merged([s for s in (sidecar, listed, default) if s is not None])


def _rows(data: bytes, suffix: str) -> Iterable[Mapping[str, object]]:
    if suffix in (".csv", ".tsv"):
        return _separated(data.decode("utf-8-sig"), "\t" if suffix == ".tsv" else ",")
    if suffix == ".json":
        parsed = json.loads(data)
        if isinstance(parsed, dict) and all(isinstance(row, dict) for row in parsed.values()):
            return [{"file": name} | row for name, row in parsed.items()]
        if not isinstance(parsed, list) or not all(isinstance(row, dict) for row in parsed):
            raise ValueError("it must be a list of objects, or an object of objects by file name")
        return parsed
    if suffix in (".jsonl", ".ndjson"):
        rows = [json.loads(line) for line in data.decode("utf-8-sig").splitlines() if line.strip()]
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError("every line must be a JSON object")
        return rows
    if suffix == ".parquet":
        import polars as pl

        return pl.read_parquet(io.BytesIO(data)).iter_rows(named=True)
    raise ValueError(f"{suffix or 'no suffix'} is not one of .csv, .tsv, .jsonl, .json and .parquet")


def _separated(text: str, usual: str) -> Iterable[Mapping[str, object]]:
    """Rows of a table in text. Spreadsheets write .csv with semicolons or tabs where a comma is the decimal sign.

    The header tells: it names the file under what is usual, else under another separator. A first line of ``sep=`` says it.
    """
    first, _, rest = text.partition("\n")
    if re.fullmatch(r'"?sep=.("|,)*', line := first.strip("\r"), re.IGNORECASE):
        return csv.DictReader(io.StringIO(rest, newline=""), delimiter=line.strip('"')[4])
    for separator in (usual, *(s for s in _SEPARATORS if s != usual)):
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
        if {str(name).strip().lower() for name in reader.fieldnames or ()} & set(_FILE_NAMES):
            return reader
    return csv.DictReader(io.StringIO(text, newline=""), delimiter=usual)
