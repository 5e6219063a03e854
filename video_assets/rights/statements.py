"""Who said what about a file's rights: sidecars, manifests and the watched folder's default.

Three kinds of statement, the strongest first: the file's *sidecar*, the folder's *manifest*, the *folder* default of the
settings. Fields that nobody states are ``unknown``. A statement that cannot be read never stops the footage: it counts
as unsaid and leaves a ``problem`` to show, as does one in which nothing is understood.

Beside the project's own form, these are read by their own schemas: yt-dlp's ``.info.json`` (its README's "Output template"
names the fields), the JSON of a sample that video2dataset writes (yt-dlp's fields are in its ``yt_meta_dict``), and the
metadata of items of the Internet Archive (archive.org/developers/metadata-schema), as XML or as the JSON of its API.
"""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
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
    "licence": (
        "licence", "license", "licence_name", "license_name", "spdx", "licence_url", "license_url", "licenseurl", "rights",
    ),
    "holder": ("holder", "rights_holder", "copyright_holder", "copyright", "author", "creator"),
    "source_url": ("source_url", "source", "url", "webpage_url"),
    "acquired_how": ("acquired_how", "acquisition", "acquired_by"),
    "acquired_at": ("acquired_at", "acquired", "acquired_on", "downloaded_at"),
}  # fmt: skip
_FILE_NAMES = (
    "file", "path", "name", "file_name", "filename", "file_path", "filepath", "relative_path", "video", "video_path",
)  # fmt: skip
_READ = {"rights_from"} | {synonym for synonyms in _OWN_NAMES.values() for synonym in synonyms}
_FIELDS = ", ".join(_OWN_NAMES)
# What a field is about that has one of these in its name, and is not read.
_LIKE_RIGHTS = re.compile(r"licen[cs]e|rights|copyright|attribution")
# What yt-dlp calls whose page it is, the first that has a value counts.
_YT_DLP_HOLDERS = ("uploader", "channel", "creator", "creators", "artist", "artists")
_YT_DLP = ("extractor", "extractor_key")
_YT_DLP_RIGHTS = ("license", *_YT_DLP_HOLDERS, "webpage_url", "original_url", "epoch")
_INFO, _ITEM = ".info.json", "_meta.xml"


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
    understood: bool = True
    """Whether the statement could be parsed; else nobody knows what it says."""

    def columns(self) -> dict[str, str]:
        """Values of the lake's rights columns."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("problem", "understood")}


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
    if (item := _item(mapping)) is not None:
        return _from_item(item, "sidecar")
    if "yt_meta_dict" in mapping:
        return _from_video2dataset(mapping)
    if any(key in mapping for key in _YT_DLP) or name.lower().endswith(_INFO):
        return _from_yt_dlp(mapping)
    rights = _stated(mapping, "sidecar")
    unread = _unread(mapping)
    return replace(rights, problem="; ".join(filter(None, (rights.problem, unread)))) if unread else rights


def read_sidecar(data: bytes | str, name: str) -> Rights:
    """Parse a sidecar's bytes; what is not a JSON object, or an item's XML, states nothing and is a problem.

    Args:
        data: the sidecar.
        name: its name, which tells its form.
    """
    if name.lower().endswith(_ITEM):
        try:
            return _from_item(_item_xml(data), "sidecar")
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
        if name.lower().endswith(_ITEM):
            return Manifest(others=_from_item(_item_xml(data), "manifest"))
        suffix = PurePosixPath(name).suffix.lower()
        if suffix == ".json" and (found := _item(parsed := json.loads(data))) is not None:
            return _item_manifest(found, parsed)
        rows = list(_rows(data, suffix))
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
    if statements and (unread := _unread({key: 1 for row in rows for key in row})):
        problems.insert(0, unread)
    return Manifest(
        MappingProxyType(statements), f"In the manifest {name}: {'; '.join(problems[:5])}." if problems else None
    )


def _item_manifest(item: Mapping[str, object], parsed: Mapping[str, object]) -> Manifest:
    rights = _from_item(item, "manifest")
    files = parsed.get("files")
    names = [f.get("name") for f in files if isinstance(f, dict)] if isinstance(files, list) else []
    return Manifest(MappingProxyType({str(name): rights for name in names if name}), rights.problem)


def rights_for(
    relative: str, sidecar: Rights | None, manifest: Manifest | None, folder_default: RightsSettings
) -> Rights:
    """Merge what is said about a file.

    Every field comes from the strongest statement that gives it, except that licence and holder are one grant: both
    come from the strongest statement that gives either, so that no licence is ever put into the mouth of a holder
    who did not give it. ``rights_from`` names the statement of the grant, or without one the strongest that says
    anything. Where the sidecar could not be parsed nothing is known: it may say the opposite of what a weaker one does.

    Args:
        relative: path of the file inside its watched folder, with ``/``.
        sidecar: from :func:`read_sidecar`, if there is one.
        manifest: of the watched folder, if there is one.
        folder_default: of the watched folder.
    """
    if sidecar is not None and not sidecar.understood:
        return Rights(problem=sidecar.problem)
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
    return Rights(**values, rights_from=kind if values else UNKNOWN, problem=problem, understood=True)


def _from_yt_dlp(info: Mapping[str, object]) -> Rights:
    """Read yt-dlp's info: footage from a public page.

    The moment of acquisition is ``epoch``, when yt-dlp looked at the page. ``upload_date`` is when somebody else put
    the video there and says nothing about it.
    """
    if not any(name in info for name in (*_YT_DLP, *_YT_DLP_RIGHTS)):
        return Rights(problem=f"it has none of yt-dlp's fields {', '.join(_YT_DLP_RIGHTS[:3])} and so on")
    holder = next((info[n] for n in _YT_DLP_HOLDERS if info.get(n)), None)
    mapping = {
        "licence": info.get("license"),
        "holder": ", ".join(map(str, holder)) if isinstance(holder, list) else holder,
        "source_url": info.get("webpage_url") or info.get("original_url"),
        "acquired_how": "public",
        "acquired_at": _moment(info.get("epoch")),
    }
    return _stated(mapping, "sidecar")


def _from_video2dataset(sample: Mapping[str, object]) -> Rights:
    """Read the JSON of a sample: the data set's own columns, and of YouTube's videos what yt-dlp said of the page."""
    meta = sample["yt_meta_dict"]
    info = meta.get("info", meta) if isinstance(meta, Mapping) else None
    own = _stated({k: v for k, v in sample.items() if k != "yt_meta_dict"}, "sidecar")
    if not isinstance(info, Mapping) or not info:
        return replace(own, acquired_how="public") if own.acquired_how == UNKNOWN else own
    page = _from_yt_dlp(info)
    grant = own if (own.licence, own.holder) != (UNKNOWN, UNKNOWN) else page
    return Rights(
        licence=grant.licence,
        holder=grant.holder,
        source_url=next((r.source_url for r in (page, own) if r.source_url != UNKNOWN), UNKNOWN),
        acquired_how="public",
        acquired_at=own.acquired_at if own.acquired_at != UNKNOWN else page.acquired_at,
        rights_from="sidecar",
        problem="; ".join(filter(None, (own.problem, page.problem))) or None,
    )


def _item(mapping: object) -> Mapping[str, object] | None:
    """The metadata in an answer of the Internet Archive's metadata API, if it is one."""
    metadata = mapping.get("metadata") if isinstance(mapping, Mapping) else None
    return metadata if isinstance(metadata, Mapping) and "identifier" in metadata else None


def _item_xml(data: bytes | str) -> Mapping[str, object]:
    """The metadata in an item's ``_meta.xml``; a field that stands there several times is a list.

    Raises:
        ValueError: it is XML of something else.
        ET.ParseError: it is no XML.
    """
    text = data if isinstance(data, str) else data.decode("utf-8-sig")
    if "<!" in text.replace("<!--", "").replace("<![CDATA[", ""):  # entities can grow without bounds; an item has none
        raise ValueError("it declares a document type")
    root = ET.fromstring(text)  # noqa: S314
    found: dict[str, object] = {}
    for child in root:
        value = (child.text or "").strip()
        known = found.get(child.tag)
        found[child.tag] = [*known, value] if isinstance(known, list) else value if known is None else [known, value]
    if root.tag != "metadata" or "identifier" not in found:
        raise ValueError("it has no metadata with an identifier")
    return found


def _from_item(item: Mapping[str, object], kind: str) -> Rights:
    """Read the metadata of an item of the Internet Archive.

    Whoever uploaded it (``uploader``) need not hold any right; ``publicdate`` is when that happened.
    """

    def first(*names: str) -> object:
        value = next((item[n] for n in names if item.get(n)), None)
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    mapping = {
        "licence": first("licenseurl", "license", "rights", "possible-copyright-status"),
        "holder": first("creator"),
        "source_url": f"https://archive.org/details/{item['identifier']}",
        "acquired_how": "public",
    }
    return _stated(mapping, kind)


def _unread(mapping: Mapping[str, object]) -> str | None:
    """What in a statement of the project's own form may state rights and is not read."""
    lower = _lower(mapping)
    if alike := sorted(k for k, v in lower.items() if v and k not in _READ and _LIKE_RIGHTS.search(k)):
        return f"{', '.join(alike[:5])} {'is' if len(alike) == 1 else 'are'} not read; the fields are {_FIELDS}"
    return None if lower.keys() & _READ else f"it has none of the fields {_FIELDS}"


def _rows(data: bytes, suffix: str) -> Iterable[Mapping[str, object]]:
    if suffix in (".csv", ".tsv"):
        text = io.StringIO(data.decode("utf-8-sig"), newline="")
        return csv.DictReader(text, delimiter="\t" if suffix == ".tsv" else ",")
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
