"""Settings: what is wrong with them in a sentence, and whence each value is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import answer, refusal
from tests.conftest import forget_settings
from tests.place import Place
from video_assets.settings import Settings
from video_assets.settings.reading import Given, key_lines, names_of
from video_assets.settings.whence import listed

TOML = Path("video_assets.toml")


def said(text: str = "", **environment: str) -> str:
    """What a command says of a file of settings and an environment."""
    TOML.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(f"VIDEO_ASSETS_{name}", value)
        forget_settings()
        return refusal("settings")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[clips]\nmin_seconds = "four"', 'video_assets.toml:2: clips.min_seconds is "four" and should be a valid number.'),
        ("[clips]\nmin_secnds = 4", "video_assets.toml:2: There is no setting clips.min_secnds. Did you mean min_seconds?"),
        ("[clip]\nmin_seconds = 4", "video_assets.toml:1: There is no setting clip. Did you mean clips?"),
        ("[draws]\nxyz = 4", "video_assets.toml:2: There is no setting draws.xyz. [draws] has seed, held_out_share."),
        ("[clips\nmin_seconds = 4", "video_assets.toml:1: This is not TOML: Expected ']' at the end of a table declaration"),
        ("clips = 4", "video_assets.toml:1: clips is a section, and was given as 4; write [clips] and its settings below."),
        ('[models]\nprofile = "ful"', "video_assets.toml:2: models.profile is \"ful\" and should be 'embedded' or 'full'. Did you mean full?"),
        (
            '[[footage.watch]]\nuri = "x"\n[[footage.watch]]\nuri = "y"\nwindow_seconds = 0',
            "video_assets.toml:5: footage.watch[2].window_seconds is 0 and should be greater than 0.",
        ),
        ('[[footage.watch]]\nurl = "y"', "video_assets.toml:2: There is no setting footage.watch[1].url. Did you mean uri?"),
        ("[clips]\nwindows = 'cover'\nmin_seconds = 40", "video_assets.toml:3: clips.min_seconds is above clips.max_seconds;"),
        ('lake.root = "x"\nlake.rot = "y"', "video_assets.toml:2: There is no setting lake.rot. Did you mean root?"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_said_with_its_line(here: Place, text: str, sentence: str) -> None:
    assert sentence in said(text)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CLIPS__MIN_SECONDS", "x", 'VIDEO_ASSETS_CLIPS__MIN_SECONDS: clips.min_seconds is "x" and should be a valid number.'),
        ("CLIPS__MIN_SECNDS", "4", "There is no setting VIDEO_ASSETS_CLIPS__MIN_SECNDS. Did you mean VIDEO_ASSETS_CLIPS__MIN_SECONDS?"),
        ("LAKE_ROOT", "x", "There is no setting VIDEO_ASSETS_LAKE_ROOT. Did you mean VIDEO_ASSETS_LAKE__ROOT?"),
        ("CONFIGG", "x", "There is no setting VIDEO_ASSETS_CONFIGG. Did you mean VIDEO_ASSETS_CONFIG?"),
        ("CONFIG", "nowhere.toml", "VIDEO_ASSETS_CONFIG names nowhere.toml, which is no file; name a file of settings, or unset it."),
        ("MODELS__ACCEPT", "RAFT large", "VIDEO_ASSETS_MODELS__ACCEPT: models.accept is 'RAFT large' and should be JSON,"),
        ("WORKERS__PROCESSES", "", "VIDEO_ASSETS_WORKERS__PROCESSES: workers.processes is empty and should be a valid integer."),
        ("CLIPS", "3", "VIDEO_ASSETS_CLIPS: clips is a section, and was given as 3; name a setting of it, as VIDEO_ASSETS_CLIPS__NAME."),
        ("CLIPS", '{"min_seconds": "x"}', 'VIDEO_ASSETS_CLIPS: clips.min_seconds is "x" and should be a valid number.'),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_environment_is_said_with_its_name(
    here: Place, name: str, value: str, sentence: str
) -> None:
    assert sentence in said(**{name: value})


def test_a_file_that_is_no_text_is_said_to_be_none(here: Place) -> None:
    TOML.write_bytes(b"\xff\xfe[clips]")
    forget_settings()
    assert refusal("settings").startswith("video_assets.toml cannot be read")


def test_everything_that_is_wrong_is_said_at_once(here: Place) -> None:
    TOML.write_text('[clips]\nmin_seconds = "four"\nmax_secs = 3')
    forget_settings()
    found = refusal("plan").splitlines()
    assert [line.partition(": ")[0] for line in found] == ["video_assets.toml:2", "video_assets.toml:3"]


def test_each_setting_is_shown_with_its_value_and_whence(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    TOML.write_text('[clips]\nmin_seconds = 3\n[[footage.watch]]\nuri = "s3://me:secret@films/x"\n')
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__ROOT", "elsewhere")
    monkeypatch.setenv("VIDEO_ASSETS_SHOTS", '{"stitch": true}')
    forget_settings()
    printed = answer("settings")
    assert "clips.min_seconds = 3.0\n    [video_assets.toml:2] Shortest clip" in printed
    assert 'lake.root = "elsewhere"\n    [VIDEO_ASSETS_LAKE__ROOT] Where the tables live' in printed
    assert "shots.stitch = true\n    [VIDEO_ASSETS_SHOTS] " in printed
    assert "shots.network = true\n    [default] " in printed
    assert "secret" not in printed
    assert "s3://...@films/x" in printed
    assert "[video_assets.toml:3]" in printed
    assert answer("settings", "clips.min_seconds").startswith("clips.min_seconds = 3.0\n")
    assert {line.partition(".")[0] for line in answer("settings", "draws").splitlines() if line[:1] != " "} == {"draws"}
    assert refusal("settings", "clipz").startswith("There is no section clipz. Did you mean clips?")


def test_every_setting_is_listed_once_and_described(here: Place) -> None:
    found = listed(Settings(), Given.now())
    # What is in the section of one's own scorers they alone know.
    sections = {path[:-1] for path in names_of(Settings)} | {("scorers",)}
    assert [s.name for s in found] == [".".join(p) for p in names_of(Settings) if p not in sections]
    assert all(s.description and s.whence == "default" for s in found)
    assert json.dumps([s.value for s in found])


def test_keys_of_a_file_have_their_lines() -> None:
    text = '# a\n[a.b]\nc = 1\n"d" = [\n  2,\n]\n[[e]]\nf = 1\n[e.g]\nh = 1\n[[e]]\nf = 2\n'
    assert list(key_lines(text)) == [
        (("a", "b"), 2), (("a", "b", "c"), 3), (("a", "b", "d"), 4), (("e", 0), 7), (("e", 0, "f"), 8),
        (("e", 0, "g"), 9), (("e", 0, "g", "h"), 10), (("e", 1), 11), (("e", 1, "f"), 12),
    ]  # fmt: skip
