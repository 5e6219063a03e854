"""Clips on a page: which ones, what is seen of them, and that nothing in them breaks the page."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import duckdb
import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tests.conftest import forget_settings
from tests.place import Place
from video_assets.cli import main
from video_assets.lake.catalog import open_to_read
from video_assets.look.choice import Choice, choose
from video_assets.look.page import page
from video_assets.look.pictures import small
from video_assets.look.seen import Seen, Verdict, plays, see
from video_assets.settings import LakeSettings, Settings

TIERS = {"movie_gen/low_resolution"}


class Page(HTMLParser):
    """The tags of a page, with their attributes; an attribute that breaks out of its tag is a tag or an attribute more."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def lake(curated: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    settings = Settings(lake=LakeSettings(root=str(curated.root)))
    with open_to_read(settings, lambda: pytest.fail("The lake is on this machine.")) as connection:
        yield connection


def test_of_a_tier_the_kept_clips_come_first(lake: duckdb.DuckDBPyConnection) -> None:
    choice = choose(lake, "movie_gen/low_resolution", TIERS, None, 10)
    kept = {
        c for (c,) in lake.execute("SELECT clip_id FROM tier_verdicts WHERE kept AND tier LIKE '%/low_re%'").fetchall()
    }
    assert set(choice.clips["clip_id"][: len(kept)]) == kept
    assert len(kept) == 4
    assert (choice.clips.height, choice.found) == (10, 22)
    assert choose(lake, "movie_gen/low_resolution", TIERS, "dropped", 50).found == 18


def test_a_clip_is_known_by_its_first_eight_digits(lake: duckdb.DuckDBPyConnection) -> None:
    whole = lake.execute("SELECT min(clip_id) FROM clips").fetchone()
    assert whole is not None
    assert choose(lake, whole[0][:8], TIERS, None, 5).clips["clip_id"].to_list() == [whole[0]]
    with pytest.raises(ValueError, match="There is no clip 0123456789"):
        choose(lake, "0123456789", TIERS, None, 5)


def test_clips_are_asked_for_by_a_condition_by_sql_and_by_a_file_of_it(
    lake: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    by_condition = choose(lake, "file_name = 'slide_show.mp4' -- one", TIERS, None, 50)
    sql = "SELECT vmaf_motion AS m, clip_id FROM clip_sheet WHERE file_name = 'slide_show.mp4'"
    (tmp_path / "q.sql").write_text(f"-- The slides.\n{sql};\n")
    by_sql, by_file = (choose(lake, what, TIERS, None, 50) for what in (sql, str(tmp_path / "q.sql")))
    assert (
        by_condition.clips["clip_id"].to_list()
        == by_sql.clips["clip_id"].to_list()
        == by_file.clips["clip_id"].to_list()
    )
    assert by_sql.clips.columns == ["m", "clip_id"]


@pytest.mark.parametrize(
    ("what", "verdict", "said"),
    [
        ("movie_gen/low_resolutoin", None, "neither a tier nor a clip"),
        ("SELECT file_name FROM clip_sheet", None, "The question gives file_name and no clip_id"),
        ("SELECT clip_id FROM clip_shet", None, "DuckDB refuses it"),
        ("FROM clips", "kept", "--verdict asks for clips of a tier"),
        ("TRUE; DROP TABLE clips", None, "DuckDB refuses it"),
    ],
)
def test_a_question_that_is_none_is_answered_with_what_is_wrong(
    lake: duckdb.DuckDBPyConnection, what: str, verdict: Any, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        choose(lake, what, TIERS, verdict, 5)


def test_a_clip_is_seen_by_keyframes_of_its_own_span_its_verdicts_and_its_scores(
    lake: duckdb.DuckDBPyConnection,
) -> None:
    (seen,) = see(lake, choose(lake, "file_name = 'bunny_portrait.mp4'", TIERS, None, 1).clips)
    assert 1 <= len(seen.pictures) <= 5
    assert all(0 <= second < seen.clip["duration_s"] for second, _ in seen.pictures)
    picture = cv2.imdecode(np.frombuffer(seen.pictures[0][1], np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[0] > picture.shape[1]
    assert len(seen.verdicts) == 13
    assert seen.scores["vmaf_motion"] > 0
    assert seen.plays is not None
    assert seen.plays.startswith("file:///")
    assert re.search(rf"#t=0\.000,{seen.clip['player_end_s']:.3f}$", seen.plays)


def test_a_page_has_everything_in_itself_and_a_text_for_every_picture(lake: duckdb.DuckDBPyConnection) -> None:
    choice = choose(lake, "movie_gen/low_resolution", TIERS, None, 4)
    shown = Page(page(choice, see(lake, choice.clips)))
    images = shown.of("img")
    assert len(images) >= 4 * 3
    assert all(str(i["src"]).startswith("data:image/jpeg;base64,") and i["alt"] for i in images)
    assert all(base64.b64decode(str(i["src"]).partition(",")[2], validate=True)[:2] == b"\xff\xd8" for i in images)
    assert {str(v["src"])[:8] for v in shown.of("video")} == {"file:///"}
    assert all(v["preload"] == "none" and v["aria-label"] for v in shown.of("video"))
    assert {tag for tag, _ in shown.tags} & {"script", "link", "iframe"} == set()
    assert len(shown.of("article")) == 4


def test_nothing_in_a_clip_can_break_the_page() -> None:
    nasty = "\"><script>alert('x')</script>&amp;"
    clip = {
        "clip_id": "0" * 32, "file_name": nasty, "player_start_s": 3599.5, "player_end_s": 3661.25, "duration_s": 61.75, "fps": 25.0,
        "crop_width": 1, "crop_height": 1, "width": 1, "height": 1, "benchmark": nasty,
    }  # fmt: skip
    verdicts = [Verdict(nasty, "kept", None), Verdict("a/b", "dropped", nasty)]
    seen = Seen(
        clip,
        {nasty: nasty},
        [(0.5, b"\xff\xd8")],
        f"file:///{nasty}",
        verdicts,
        {"subjects": [{"subject": nasty, "probability": 0.5}]},
    )
    text = page(Choice(nasty, pl.DataFrame({"clip_id": ["0" * 32]}), 1), [seen])
    shown = Page(text)
    assert {tag for tag, _ in shown.tags} & {"script"} == set()
    (image,), (video,) = shown.of("img"), shown.of("video")
    assert set(image) == {"loading", "alt", "title", "src"}
    assert str(image["alt"]).startswith(nasty)
    assert str(video["src"]) == f"file:///{nasty}"
    assert "59:59.50 to 1:01:01.25" in text
    assert "alert(&#x27;x&#x27;)" in text


@pytest.mark.parametrize(
    ("changed", "playable"),
    [
        ({}, True), ({"codec": "mpeg4"}, False), ({"pixel_format": "yuv420p10le"}, False), ({"container": "avi"}, False),
        ({"container": "matroska,webm", "codec": "vp9", "pixel_format": "yuv420p10le"}, True),
        ({"uri": "s3://films/a.mp4"}, False), ({"uri": "/nowhere/a.mp4"}, False),
    ],
)  # fmt: skip
def test_a_span_can_be_played_where_its_file_is_here_and_of_a_kind_that_browsers_play(
    tmp_path: Path, changed: dict[str, str], playable: bool
) -> None:
    file = tmp_path / "a film #1 100%.mp4"
    file.touch()
    clip = {"uri": str(file), "container": "mov,mp4,m4a,3gp,3g2,mj2", "codec": "h264", "pixel_format": "yuv420p"}
    address = plays(clip | {"player_start_s": 1.4804, "player_end_s": 8.0} | changed)
    assert (address is not None) == playable
    if address:
        assert address == f"file://{tmp_path}/a%20film%20%231%20100%25.mp4#t=1.480,8.000"


def test_a_picture_is_cut_to_the_crop_whatever_its_size() -> None:
    picture = np.zeros((90, 160, 3), np.uint8)
    picture[:, 80:] = (0, 0, 255)
    jpeg = bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    cut = small(jpeg, (960, 0, 960, 1080), (1920, 1080))
    assert cut is not None
    shown = cv2.imdecode(np.frombuffer(cut, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape[:2] == (90, 80)
    assert shown[45, 40, 2] > 240
    assert small(b"no picture", (0, 0, 1, 1), (1, 1)) is None


def test_the_command_writes_the_page_and_says_where(
    curated: Place, here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__ROOT", str(curated.root))
    forget_settings()
    ran = CliRunner().invoke(main, ["look", "movie_gen/low_resolution", "--most", "2"], catch_exceptions=False)
    assert "2 of 22 clips: look.html" in ran.output
    assert len(Page(Path("look.html").read_text()).of("article")) == 2
    refused = CliRunner().invoke(main, ["look", "vmaf_moton > 5"])
    assert refused.exit_code == 1
    assert "Traceback" not in refused.output
    assert isinstance(refused.exception, SystemExit)
