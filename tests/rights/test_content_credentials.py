"""What a file says of training: files that are signed here, damaged here, and others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.media.video_files import BIKES, CARPHONE, made_from
from tests.rights.signed import assertion, overwrite, sign
from video_assets.rights.content_credentials import OFFLINE, Signal, read_signals, signals_of

REFUSED = assertion(ai_generative_training="notAllowed", data_mining="constrained")
UNTRUSTED = "signingCredential.untrusted"
PLAIN = [Signal("none", validation_state="Valid", codes=UNTRUSTED)]


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sign(CARPHONE, tmp_path_factory.mktemp("signed") / "refused.mp4", REFUSED)


def brief(signals: list[Signal]) -> list[tuple[str | None, ...]]:
    return [(s.key, s.value, s.from_ingredient, s.validation_state) for s in signals]


def test_every_entry_of_a_signed_video_is_a_signal_with_its_raw_text(refused: Path) -> None:
    said = {"state": "read", "kind": "cawg", "validation_state": "Valid", "codes": UNTRUSTED}
    assert read_signals(refused) == [
        Signal(key="cawg.ai_generative_training", value="notAllowed", as_given='{"use": "notAllowed"}', **said),
        Signal(key="cawg.data_mining", value="constrained", as_given='{"use": "constrained"}', **said),
    ]


def test_a_video_without_a_manifest_says_nothing_and_so_does_one_whose_manifest_has_no_such_assertion(
    refused: Path, tmp_path: Path
) -> None:
    assert read_signals(CARPHONE) == [Signal("none")]
    assert read_signals(sign(CARPHONE, tmp_path / "plain.mp4")) == PLAIN
    # Any remux drops the manifest.
    assert read_signals(made_from(refused, tmp_path / "remuxed.mp4", "-c", "copy")) == [Signal("none")]


@pytest.mark.parametrize("name", ["clip.mkv", "clip.webm.mp4", "clip.ts"])
def test_a_container_in_which_no_manifest_is_read_is_unsupported_whatever_its_name_is(
    name: str, tmp_path: Path
) -> None:
    held = made_from(
        CARPHONE, tmp_path / f"made{Path(name.removesuffix('.mp4')).suffix.replace('webm', 'mkv')}", "-c", "copy"
    )
    told = "NotSupported: type is unsupported"
    assert read_signals(held.rename(tmp_path / name)) == [Signal("unsupported", message=told)]


def test_a_signed_video_is_known_by_its_bytes_whatever_its_name_is(refused: Path, tmp_path: Path) -> None:
    for name in ("a.mkv", "b"):
        (tmp_path / name).write_bytes(refused.read_bytes())
        assert read_signals(tmp_path / name) == read_signals(refused)


def test_a_damaged_manifest_is_unreadable_and_never_no_signal(refused: Path, tmp_path: Path) -> None:
    headless = read_signals(overwrite(refused, tmp_path / "a.mp4", b"jumb", b"jumx"))
    assert headless == [Signal("unreadable", message="Verify: invalid JUMBF header")]
    # What stood there may have been gone before it was renamed.
    (renamed,) = read_signals(overwrite(refused, tmp_path / "b.mp4", b"cawg.training-mining", b"cawg.nothing--at-all"))
    assert (renamed.state, renamed.validation_state) == ("unreadable", "Invalid")
    assert renamed.codes == f"assertion.hashedURI.mismatch, claimSignature.mismatch, {UNTRUSTED}"


def test_what_stands_in_a_manifest_is_read_though_the_pictures_or_the_words_are_others_than_were_signed(
    refused: Path, tmp_path: Path
) -> None:
    words = read_signals(overwrite(refused, tmp_path / "words.mp4", b"notAllowed", b"allowed   "))
    assert brief(words)[0] == ("cawg.ai_generative_training", "allowed   ", None, "Invalid")
    pictures = brief(read_signals(_flipped(refused, tmp_path / "pictures.mp4")))
    assert pictures[0] == ("cawg.ai_generative_training", "notAllowed", None, "Invalid")
    # The manifest itself is whole, so that it has no assertion for certain.
    (plain,) = read_signals(_flipped(sign(CARPHONE, tmp_path / "plain.mp4"), tmp_path / "other.mp4"))
    assert (plain.state, plain.codes) == ("none", f"assertion.bmffHash.mismatch, {UNTRUSTED}")


def test_a_manifest_in_a_box_that_no_reader_comes_upon_is_unreadable_and_not_none(
    refused: Path, tmp_path: Path
) -> None:
    box = b"uuid" + bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
    told = "ManifestNotFound: no JUMBF data found"
    assert read_signals(overwrite(refused, tmp_path / "a.mp4", box, b"uuie" + box[4:])) == [
        Signal("unreadable", message=told)
    ]


def _flipped(path: Path, to: Path) -> Path:
    """A copy with one bit of the pictures flipped."""
    data = bytearray(path.read_bytes())
    data[data.index(b"mdat") + 1000] ^= 1
    to.write_bytes(data)
    return to


def test_an_edited_video_says_what_its_parent_and_its_parent_s_parent_said(refused: Path, tmp_path: Path) -> None:
    edited = sign(refused, tmp_path / "edited.mp4", edited=True)
    assert brief(read_signals(edited)) == [
        ("cawg.ai_generative_training", "notAllowed", "parentOf", "Valid"),
        ("cawg.data_mining", "constrained", "parentOf", "Valid"),
    ]
    allows = assertion(ai_generative_training="allowed")
    again = sign(edited, tmp_path / "again.mp4", allows, edited=True)
    assert brief(read_signals(again))[0] == ("cawg.ai_generative_training", "allowed", None, "Valid")
    assert brief(read_signals(again))[1:] == brief(read_signals(edited))


def test_values_that_no_standard_knows_and_assertions_without_entries_stand_as_they_were_signed(tmp_path: Path) -> None:
    nonsense = {"label": "cawg.training-mining", "data": {"entries": "nonsense"}}
    several = sign(
        CARPHONE, tmp_path / "a.mp4", nonsense, assertion(ai_generative_training="maybe"),
        assertion("c2pa.training-mining", data_mining="notAllowed"),
    )  # fmt: skip
    assert [(s.kind, s.key, s.value) for s in read_signals(several)] == [
        ("cawg", "cawg.training-mining", '{"entries": "nonsense"}'),
        ("cawg", "cawg.ai_generative_training", "maybe"),
        ("c2pa", "c2pa.data_mining", "notAllowed"),
    ]


def test_what_a_component_and_what_nothing_refers_to_says_is_told_apart_from_the_video_s_own() -> None:
    def manifest(use: str, *ingredients: tuple[str, str]) -> dict[str, object]:
        refers = [{"relationship": relation, "active_manifest": label} for relation, label in ingredients]
        return {"assertions": [assertion(ai_generative_training=use)], "ingredients": refers}

    store = {
        "active_manifest": "own",
        "manifests": {
            "lost": manifest("4"), "own": manifest("0", ("componentOf", "part"), ("parentOf", "own")),
            "part": manifest("1", ("parentOf", "old"), ("inputTo", "gone")), "old": manifest("2", ("parentOf", "own")),
        },
        "validation_state": "Trusted",
    }  # fmt: skip
    assert [(s.value, s.from_ingredient) for s in signals_of(store)] == [
        ("0", None), ("1", "componentOf"), ("2", "componentOf"), ("4", "unreferenced"),
    ]  # fmt: skip
    assert signals_of(json.loads('{"validation_state": "Valid"}')) == [Signal("none", validation_state="Valid")]


@contextmanager
def server() -> Iterator[tuple[str, list[str]]]:
    """An address on this machine, and what was asked of it."""
    asked: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Noting) as serving:
        Thread(target=serving.serve_forever).start()
        yield f"http://127.0.0.1:{serving.server_port}/manifest.c2pa", asked
        serving.shutdown()


def test_an_address_that_a_file_names_is_never_asked(tmp_path: Path) -> None:
    from c2pa import C2paError, Context, Reader, Settings

    with server() as (address, asked):
        away = sign(BIKES, tmp_path / "away.mp4", REFUSED, remote=address)
        assert read_signals(away) == [
            Signal("remote", message=f"Remote: must fetch remote manifests from url {address}")
        ]
        # Each of the two settings would do, and without them it is asked: they are spelt as the package knows them.
        for settings in ({"verify": OFFLINE["verify"]}, {"core": OFFLINE["core"]}):
            with pytest.raises(C2paError, match="Remote: "):
                Reader(str(away), context=Context(settings=Settings.from_dict(settings)))
        assert asked == []
        with pytest.raises(C2paError, match="Remote: "):
            Reader(str(away), context=Context(settings=Settings.from_dict({})))
        assert asked == ["/manifest.c2pa"]
