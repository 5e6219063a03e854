"""A release's content credential: a C2PA manifest (spec.c2pa.org) beside the release's own manifest.

No container of C2PA holds gzipped lines, so that the credential is a file of its own, as the specification provides for (an external
manifest): it is bound to ``manifest.jsonl.gz`` by that file's hash, and an assertion of ours names every file of the release and every
document by theirs. Whoever trusts the signer so knows of a shard, too, whether it is what was released.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from video_assets.publish.documents.facts import Facts
from video_assets.publish.manifest import LINES
from video_assets.rights.content_credentials import OFFLINE
from video_assets.settings.signing import SigningSettings

CREDENTIAL = f"{LINES}.c2pa"
"""Its name among the documents."""
LABEL = "video_assets.release"
_FORM = "application/gzip"


def signed(facts: Facts, documents: Mapping[str, str], manifest: Path, how: SigningSettings) -> bytes:
    """Sign a release.

    Args:
        facts: of the release.
        documents: text of each by its name.
        manifest: the release's ``manifest.jsonl.gz``.
        how: with a key.

    Returns:
        The credential. It has been read back and is valid.

    Raises:
        ValueError: it cannot be signed: no package, no such key, or none that C2PA takes.
    """
    try:
        from c2pa import Builder, C2paBuilderIntent, C2paDigitalSourceType, C2paError, C2paSignerInfo, Signer
    except ModuleNotFoundError as error:
        raise ValueError(
            "To sign documents the package c2pa-python is needed: pip install 'video_assets[rights]'."
        ) from error
    assert how.key
    assert how.certificates
    try:
        key, chain = how.key.read_bytes(), how.certificates.read_bytes()
    except OSError as error:
        raise ValueError(f"The key that signs cannot be read: {error}.") from error
    title = {"title": f"{facts.name}: {LINES}", "assertions": [{"label": LABEL, "data": _said(facts, documents)}]}
    by = {"claim_generator_info": [{"name": "video_assets", "version": version("video_assets")}]}
    try:
        with (
            manifest.open("rb") as source,
            # A copy of the source comes too, unchanged.
            tempfile.TemporaryFile() as copy,
            Signer.from_info(C2paSignerInfo(how.algorithm, chain, key, how.timestamp_url)) as signer,
            Builder(json.dumps(title | by)) as builder,
        ):
            builder.set_intent(C2paBuilderIntent.CREATE, C2paDigitalSourceType.DATA_DRIVEN_MEDIA)
            builder.set_no_embed()
            credential: bytes = builder.sign(signer, _FORM, source, copy)
    except C2paError as error:
        raise ValueError(f"C2PA does not sign with {how.key}: {error}") from error
    state = state_of(manifest, credential)
    if state not in ("Valid", "Trusted"):
        raise ValueError(f"What was signed with {how.key} is not valid when it is read back: {state}.")
    return credential


def _said(facts: Facts, documents: Mapping[str, str]) -> dict[str, Any]:
    files = dict(facts.files.select("path", "sha256").iter_rows())
    made = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in documents.items()}
    row = facts.row
    return {
        "release": facts.name, "release_id": row["release_id"], "media_id": row["media_id"], "state": row["state"],
        "clips": row["clips"], "sha256": files | {f"documents/{name}": digest for name, digest in made.items()},
    }  # fmt: skip


def state_of(manifest: Path, credential: bytes, anchors: str | None = None) -> str:
    """What C2PA says of a manifest and its credential, without a network: ``Valid``, ``Invalid``, or ``Trusted``.

    Args:
        manifest: the release's ``manifest.jsonl.gz``.
        credential: what was signed.
        anchors: PEM of the authorities that are trusted; None: nobody is.

    Raises:
        c2pa.C2paError: it is no credential.
    """
    from c2pa import Context, Reader, Settings

    trust: dict[str, object] = {"trust": {"trust_anchors": anchors}} if anchors else {}
    how = Context(settings=Settings.from_dict(OFFLINE | trust))
    with manifest.open("rb") as file, Reader(_FORM, file, manifest_data=credential, context=how) as reader:
        return str(reader.get_validation_state())
