"""What other tools write of their files' rights, each read by its own schema.

yt-dlp's ``.info.json`` (its README's "Output template" names the fields), the JSON of a sample that video2dataset writes
(yt-dlp's fields are in its ``yt_meta_dict``), and the metadata of items of the Internet Archive
(archive.org/developers/metadata-schema), as XML or as the JSON of its API.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from video_assets.rights.fields import UNKNOWN, Rights, merged, stated

# What yt-dlp calls whose page it is, the first that has a value counts.
_YT_DLP_HOLDERS = ("uploader", "channel", "creator", "creators", "artist", "artists")
_YT_DLP = ("extractor", "extractor_key")
_YT_DLP_RIGHTS = ("license", *_YT_DLP_HOLDERS, "webpage_url", "original_url", "epoch")
_INFO = ".info.json"
ITEM = "_meta.xml"
"""How the name of an item's metadata as XML ends."""


def from_outside(mapping: Mapping[str, object], name: str = "") -> Rights | None:
    """Read a sidecar that one of these tools wrote; None if none of them did.

    Args:
        mapping: the sidecar's content.
        name: its name, which says that it is yt-dlp's ``NAME.info.json``.
    """
    if (item := item_in(mapping)) is not None:
        return from_item(item, "sidecar")
    if "yt_meta_dict" in mapping:
        return _from_video2dataset(mapping)
    if any(key in mapping for key in _YT_DLP) or name.lower().endswith(_INFO):
        return _from_yt_dlp(mapping)
    return None


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
    return stated(mapping, "sidecar")


def _from_video2dataset(sample: Mapping[str, object]) -> Rights:
    """Read the JSON of a sample: the data set's own columns, and of YouTube's videos what yt-dlp said of the page."""
    meta = sample["yt_meta_dict"]
    info = meta.get("info", meta) if isinstance(meta, Mapping) else None
    own = stated({k: v for k, v in sample.items() if k != "yt_meta_dict"}, "sidecar")
    if not isinstance(info, Mapping) or not info:
        return replace(own, acquired_how="public") if own.acquired_how == UNKNOWN else own
    page = _from_yt_dlp(info)
    return replace(
        merged([own, page]),
        source_url=page.source_url if page.source_url != UNKNOWN else own.source_url,
        acquired_how="public",
        rights_from="sidecar",
        problem="; ".join(filter(None, (own.problem, page.problem))) or None,
    )


def item_in(mapping: object) -> Mapping[str, object] | None:
    """The metadata in an answer of the Internet Archive's metadata API, if it is one."""
    metadata = mapping.get("metadata") if isinstance(mapping, Mapping) else None
    return metadata if isinstance(metadata, Mapping) and "identifier" in metadata else None


def item_of_xml(data: bytes | str) -> Mapping[str, object]:
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


def from_item(item: Mapping[str, object], kind: str) -> Rights:
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
    return stated(mapping, kind)


def _moment(epoch: object) -> str | None:
    try:
        return datetime.fromtimestamp(float(str(epoch)), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None
