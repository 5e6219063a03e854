"""What a file itself says of training: the training-and-data-mining assertions of its C2PA manifests.

``c2pa.training-mining`` (C2PA 1.x) and ``cawg.training-mining`` (CAWG 1.1, cawg.io/training-and-data-mining) have entries such
as ``cawg.ai_generative_training`` whose ``use`` is ``allowed``, ``notAllowed`` or ``constrained``. Nothing checks them when a
file is signed: other texts, and what is no entry at all, are read as they stand. An edited video has its own manifest, and
those of what it was made from as ingredients; an assertion is often in one of those alone.

A file may name an address where its manifest is, or where a signer is described. None is ever asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

PACKAGE = "c2pa-python"
# A misspelt name is accepted without a word: tests/rights/test_content_credentials.py asks a server whether it was asked.
OFFLINE: dict[str, object] = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "core": {"allowed_network_hosts": [], "decode_identity_assertions": False},
}
_LABEL = re.compile(r"(?P<kind>c2pa|cawg)\.training-mining(\.v\d+)?(__\d+)?")
# Of a manifest with other failures than these an assertion may be gone, or another than was signed.
_OF_THE_MEDIA = re.compile(r"signingCredential\..*|timeStamp\..*|assertion\.(bmff|data|boxes|collection)Hash\.mismatch")
# Every manifest store has this label in it, in the clear; in MP4 and QuickTime it stands before the media.
_TRACE, _BEGINNING = b"c2pa.assertions", 2**20


@dataclass(frozen=True)
class Signal:
    """An entry of an assertion, or that there is none and why: columns of ``rights_signals``."""

    state: str
    kind: str | None = None
    key: str | None = None
    value: str | None = None
    as_given: str | None = None
    from_ingredient: str | None = None
    validation_state: str | None = None
    codes: str | None = None
    message: str | None = None


NOT_AVAILABLE = Signal("not_available", message=f"{PACKAGE} is not installed: pip install 'video_assets[rights]'.")


def reader_version() -> str | None:
    """Version of the package that reads manifests; None where it is not installed."""
    try:
        return installed(PACKAGE)
    except PackageNotFoundError:
        return None


def read_signals(path: Path) -> list[Signal]:
    """Read what a file's manifests say of training: at least one signal, the file's own manifest first."""
    from c2pa import C2paError, Context, Reader, Settings

    # Given as a stream, the file is known by its bytes, whatever its name ends with.
    with path.open("rb") as file:
        try:
            with Reader(file, context=Context(settings=Settings.from_dict(OFFLINE))) as reader:
                store = json.loads(reader.json())
        except C2paError.ManifestNotFound as error:
            # Said of a file, too, whose boxes are cut or damaged so that the manifest in them is not come upon.
            file.seek(0)
            return [Signal("unreadable", message=str(error)) if _TRACE in file.read(_BEGINNING) else Signal("none")]
        except C2paError.NotSupported as error:
            return [Signal("unsupported", message=str(error))]
        except (C2paError, ValueError) as error:
            remote = isinstance(error, C2paError.RemoteManifest) or str(error).startswith("Remote:")
            return [Signal("remote" if remote else "unreadable", message=str(error))]
    return signals_of(store)


def signals_of(store: Mapping[str, Any]) -> list[Signal]:
    """Tell the signals in a manifest store, as the reader gives it."""
    state, codes = store.get("validation_state"), _codes(store)
    said = ", ".join(codes) or None
    found = [
        Signal("read", **entry, from_ingredient=ingredient, validation_state=state, codes=said)
        for label, ingredient in _manifests(store)
        for entry in _entries(store["manifests"].get(label, {}))
    ]
    if found:
        return found
    if state == "Invalid" and not all(_OF_THE_MEDIA.fullmatch(code) for code in codes):
        return [
            Signal("unreadable", validation_state=state, codes=said, message="The manifest is not as it was signed.")
        ]
    return [Signal("none", validation_state=state, codes=said)]


def _manifests(store: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Every manifest once with its relation to the file: None for its own, ``parentOf``, ``componentOf``, ``inputTo``.

    What is of a component's parent is the component's. A manifest that nothing refers to is ``unreferenced``.
    """
    manifests: Mapping[str, Any] = store.get("manifests", {})
    waiting: list[tuple[str, str | None]] = [(store.get("active_manifest", ""), None)]
    seen: set[str] = set()
    while waiting:
        label, relation = waiting.pop(0)
        if label in seen or label not in manifests:
            continue
        seen.add(label)
        yield label, relation
        for ingredient in manifests[label].get("ingredients", []):
            own = str(ingredient.get("relationship"))
            waiting.append((ingredient.get("active_manifest", ""), own if relation in (None, "parentOf") else relation))
    yield from ((label, "unreferenced") for label in sorted(manifests.keys() - seen))


def _entries(manifest: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Kind, key, value and raw text of each entry; of an assertion without entries, under its label, what stands there."""
    for assertion in manifest.get("assertions", []):
        match = _LABEL.fullmatch(str(assertion.get("label")))
        if match is None:
            continue
        data = assertion.get("data")
        entries = data.get("entries") if isinstance(data, Mapping) else None
        if not isinstance(entries, Mapping) or not entries:
            entries = {match[0]: data}
        for key, entry in entries.items():
            use = entry.get("use") if isinstance(entry, Mapping) else None
            raw = json.dumps(entry, ensure_ascii=False, sort_keys=True)
            yield {
                "kind": match["kind"],
                "key": key,
                "value": use if isinstance(use, str) else raw,
                "as_given": raw,
            }


def _codes(store: Mapping[str, Any]) -> list[str]:
    """Codes of all failures, of the file's own manifest and of its ingredients, each once."""
    results = store.get("validation_results") or {}
    told = [results.get("activeManifest") or {}]
    told += [delta.get("validationDeltas") or {} for delta in results.get("ingredientDeltas") or []]
    return sorted({str(failure.get("code")) for part in told for failure in part.get("failure") or []})
