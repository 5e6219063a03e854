"""A release is signed by whoever has a key, and what is signed is verified: by an authority of the test's own, without a network."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from c2pa import Reader

from tests.publish.test_documents import SHA, SHARD, facts
from tests.rights.signed import certificates
from video_assets.publish.documents.signing import CREDENTIAL, LABEL, signed, state_of
from video_assets.publish.documents.statements import Statements
from video_assets.publish.documents.write import documents
from video_assets.settings.signing import SigningSettings

MADE = documents(facts(), Statements(), CREDENTIAL)


@pytest.fixture
def keys(tmp_path: Path) -> SigningSettings:
    """Give a key with its certificates as files."""
    chain, key = certificates()
    (tmp_path / "chain.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(key)
    return SigningSettings(key=tmp_path / "key.pem", certificates=tmp_path / "chain.pem")


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """Give a manifest."""
    path = tmp_path / "manifest.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"clip_id":"ab"}\n' * 100))
    return path


def authority() -> str:
    """PEM of the authority above the signer."""
    chain, _ = certificates()
    return "-----BEGIN" + chain.decode().rpartition("-----BEGIN")[2]


def test_what_is_signed_is_trusted_by_whoever_trusts_the_authority(keys: SigningSettings, lines: Path) -> None:
    credential = signed(facts(), MADE, lines, keys)
    assert state_of(lines, credential, authority()) == "Trusted"
    assert state_of(lines, credential) == "Valid"


def test_a_manifest_that_was_changed_is_not_what_was_signed(keys: SigningSettings, lines: Path) -> None:
    credential = signed(facts(), MADE, lines, keys)
    content = bytearray(lines.read_bytes())
    content[len(content) // 2] ^= 1
    lines.write_bytes(content)
    assert state_of(lines, credential, authority()) == "Invalid"


def test_the_release_its_files_and_its_documents_are_named_by_their_hashes(keys: SigningSettings, lines: Path) -> None:
    credential = signed(facts(), MADE, lines, keys)
    with lines.open("rb") as file, Reader("application/gzip", file, manifest_data=credential) as reader:
        found = reader.get_active_manifest()
    assert (found["title"], found["signature_info"]["alg"]) == ("first: manifest.jsonl.gz", "Es256")
    # No authority for time stamps was asked.
    assert "time" not in found["signature_info"]
    [said] = [a["data"] for a in found["assertions"] if a["label"] == LABEL]
    assert (said["release_id"], said["clips"]) == (facts().row["release_id"], 12)
    assert said["sha256"] == {"manifest.parquet": SHA, SHARD: SHA} | {
        f"documents/{name}": hashlib.sha256(text.encode()).hexdigest() for name, text in MADE.items()
    }
    assert json.dumps(said).count("MISSING") == 0


def test_the_datasheet_says_whether_it_is_signed() -> None:
    assert f"Signed with C2PA: `{CREDENTIAL}`." in MADE["datasheet.md"]
    assert "It is not signed." in documents(facts(), Statements())["datasheet.md"]


def test_a_key_that_cannot_be_used_is_a_sentence(keys: SigningSettings, lines: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"The key that signs cannot be read: .*none\.pem"):
        signed(facts(), MADE, lines, keys.model_copy(update={"key": tmp_path / "none.pem"}))
    with pytest.raises(ValueError, match=r"C2PA does not sign with .*chain\.pem"):
        signed(facts(), MADE, lines, keys.model_copy(update={"key": keys.certificates}))
    with pytest.raises(ValueError, match="belong together"):
        SigningSettings(key=tmp_path / "key.pem")
