"""The page in a browser: judging by the keyboard alone while the server dies, exact frames, two people at once, small and dark."""

from __future__ import annotations

import base64
import statistics
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from selenium.webdriver.common.keys import Keys

from tests.media.kinds_of_file import whole
from tests.place import Place
from tests.review.browser import Browser, Served, browser, needed
from tests.review.conftest import copy
from tests.review.footage import MARKUP, PLAYED, TIER, clips, lake_of, on_map
from video_assets.lake.schemas import REVIEWS
from video_assets.review.journal import FILE, Journal

pytestmark = [needed, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def place(filled: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = copy(filled, tmp_path_factory.mktemp("judged"))
    on_map(lake_of(made))
    return made


@pytest.fixture(scope="module")
def served(place: Place) -> Iterator[Served]:
    server = Served(place)
    yield server
    server.end()


def saved(page: Browser) -> None:
    page.until(lambda: page.data("waiting") == "0", "everything is saved")


def head(page: Browser) -> float:
    """Where the frame that is shown stands in its clip, in per cent."""
    return float(str(page.ask("return document.querySelector('.track .head').style.left || '0'")).rstrip("%"))


def next_clip(page: Browser, before: str = "") -> str:
    """The clip that is shown once it is another one than before."""
    return str(
        page.until(
            lambda: (clip := page.data("ready")) != before and clip == page.data("clip") and clip, "the next clip"
        )
    )


def test_thirty_clips_are_judged_by_the_keyboard_alone_though_the_server_dies(filled: Place, tmp_path: Path) -> None:
    place = copy(filled, tmp_path)
    server = Served(place)
    seen: list[str] = []
    frames: list[int] = []

    def decide(page: Browser, key: str) -> None:
        clip = next_clip(page, seen[-1] if seen else "")
        seen.append(clip)
        page.press(key)

    try:
        with browser() as page:
            page.open(f"{server.address}/judge?tier={TIER}")
            for number in range(10):
                decide(page, "kdu"[number % 3])
                next_clip(page, seen[-1])
                if told := page.until(lambda: page.data("firstFrame"), "the first frame of the next clip"):
                    frames.append(int(told))
            # Axes and checklist, a flag, the best stretch, the caption, a remark.
            told_of = next_clip(page, seen[-1])
            # Of a clip from the middle of its source the time is not 0 before anything of it is shown.
            page.until(
                lambda: page.ask("return document.querySelector('.slot.shown video')?.played.length"), "it plays"
            )
            page.press("4", "5", "3", "2", "1", "0", Keys.ARROW_DOWN, "1", "2")
            page.press("0")
            page.ask(
                "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '!', code: 'Digit1', shiftKey: true, bubbles: true}))"
            )
            page.press(" ")
            row = clips(lake_of(place)).filter(clip_id=told_of).row(0, named=True)
            early = row["duration_s"] / 8 + (row["player_start_s"] if row["file_name"] in PLAYED else 0)
            page.ask("document.querySelector('.slot.shown video').currentTime = arguments[0]", early)
            page.until(lambda: 5 < head(page) < 25, "it stands where it was put")
            page.press("i")
            for _ in range(6):
                page.press(".")
                page.until(
                    lambda: page.ask("return !document.querySelector('.slot.shown video').seeking"), "the next frame"
                )
            page.press("o")
            page.press("c", Keys.END, " More.", Keys.ESCAPE, "n", "Good <b>light</b>", Keys.ESCAPE)
            decide(page, "k")
            # The last one is taken back, and comes again with what was said.
            dropped = next_clip(page, told_of)
            seen.append(dropped)
            page.press("5", "d")
            next_clip(page, dropped)
            page.press("z")
            page.until(lambda: page.data("clip") == dropped, "the clip comes back")
            page.until(
                lambda: page.ask(
                    "return document.querySelector('[data-name=colour_harmony] [data-value=\"5\"]').ariaChecked === 'true'"
                ),
                "with its answers",
            )
            page.press("k")
            seen[-1] = dropped
            for _ in range(3):
                decide(page, "k")
            saved(page)
            page.until(lambda: int(page.data("atHand")) >= 3, "clips at hand")
            server.kill()
            for _ in range(2):  # The next clips are at hand.
                decide(page, "d")
            page.until(lambda: "kept here" in page.text("#state"), "it says that the server is away")
            assert page.data("waiting") == "2"
            server.start()
            saved(page)
            while len(seen) < 30:
                decide(page, "u" if len(seen) % 2 else "k")
            saved(page)
            assert page.wrong() == []
    finally:
        server.end()
    assert len(seen) == len(set(seen)) == 30
    print("first frame of the next clip, ms:", sorted(frames))
    assert statistics.median(frames) < 1_000
    lake = lake_of(place)
    rows = lake.read(REVIEWS)
    assert (rows.height, rows["review_id"].n_unique()) == (
        32,
        32,
    )  # thirty, the one that was taken back, and the row that did
    now = lake.query("SELECT * FROM current_reviews")
    assert sorted(now["clip_id"]) == sorted(seen)
    by = {row["clip_id"]: row for row in now.iter_rows(named=True)}
    one = by[told_of]
    assert {a["question"]: a["value"] for a in one["answers"]} == {
        "colour_harmony": 4, "lighting": 5, "object_emphasis": 3, "spatial_layout": 2, "motion_speed": 1, "motion_blur": 1,
    } | {"angled_light": 0}  # fmt: skip
    assert (one["flags"], one["note"], one["tier"]) == (["rights"], "Good <b>light</b>", TIER)
    assert one["caption"].endswith(" More.")
    clip = clips(lake).filter(clip_id=told_of).row(0, named=True)
    assert clip["start_pts"] < one["trim_start_pts"] < one["trim_end_pts"] <= clip["end_pts"]
    assert by[dropped]["decision"] == "keep"
    assert 0 < one["seconds"] < 600
    assert Journal(lake.settings.lake.scratch_path / FILE).unfolded() == []


def picture(page: Browser) -> npt.NDArray[np.uint8]:
    """The frame that the page's player shows, as its canvas has it: luma."""
    address = page.ask(
        "const v = window.player.video, c = document.createElement('canvas'); c.width = v.videoWidth; c.height = v.videoHeight;"
        "c.getContext('2d').drawImage(v, 0, 0); return c.toDataURL('image/png');"
    )
    data = np.frombuffer(base64.b64decode(str(address).partition(",")[2]), np.uint8)
    found = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert found is not None
    return np.asarray(found, np.uint8)


def nearest(shown: npt.NDArray[np.uint8], frames: list[npt.NDArray[np.uint8]]) -> int:
    """Which of a file's frames is shown."""
    differences = [float(np.abs(shown.astype(int) - frame.astype(int)).mean()) for frame in frames]
    best = int(np.argmin(differences))
    assert differences[best] < 6, differences[best]
    return best


@pytest.mark.parametrize("name", ["plain.mp4", "variable.mp4", "rotated.mp4", "barred.mp4", "long.mp4"])
def test_the_first_and_the_last_frame_that_play_are_the_clips_own(served: Served, place: Place, name: str) -> None:
    lake = lake_of(place)
    found = clips(lake).filter(file_name=name)
    clip = found.row(found.height // 2, named=True)
    source = whole(Path(str(lake.query("SELECT uri FROM raw_videos WHERE file_name = ?", [name]).item())))
    turn = lake.query("SELECT rotation FROM raw_videos WHERE file_name = ?", [name]).item()
    # The files' luma goes from 16 to 235, a canvas's from 0 to 255.
    stretched = [np.clip((f.astype(float) - 16) * 255 / 219, 0, 255).astype(np.uint8) for f in source.lumas]
    turned = [np.rot90(f, -turn // 90) for f in stretched]
    with browser() as page:
        page.open(f"{served.address}/clip/{clip['clip_id']}")
        page.until(lambda: page.ask("return window.player?.video.readyState >= 2"), "the clip")
        for move, expected in (("seek(player.from)", clip["start_frame"]), ("last()", clip["end_frame"] - 1)):
            page.ask(
                f"window.player.pause(); window.came = false; player.video.requestVideoFrameCallback(() => {{ window.came = true; }}); player.{move};"
            )
            page.until(lambda: page.ask("return window.came && !player.video.seeking"), "the frame")
            shown = picture(page)
            frames = [cv2.resize(np.ascontiguousarray(f), shown.shape[::-1]) for f in turned]
            assert nearest(shown, [np.asarray(f, np.uint8) for f in frames]) == expected
        # What is seen of it has the crop's shape.
        width, height = page.ask(
            "const b = document.querySelector('.frame').getBoundingClientRect(); return [b.width, b.height]"
        )
        assert width / height == pytest.approx(clip["crop_width"] / clip["crop_height"], rel=0.02)
        assert page.wrong() == []


def test_a_clip_goes_round_without_a_frame_of_what_follows(served: Served, place: Place) -> None:
    clip = clips(lake_of(place)).filter(file_name="long.mp4").row(4, named=True)
    with browser() as page:
        page.open(f"{served.address}/clip/{clip['clip_id']}")
        page.until(lambda: page.ask("return window.player?.video.readyState >= 2"), "the clip")
        page.ask(
            "window.seen = []; window.round = 0; player.onframe = (t) => { if (seen.length && t < seen.at(-1)) round += 1; seen.push(t); };"
            "player.play();"
        )
        page.until(lambda: page.ask("return window.round >= 2"), "two rounds")
        times = page.ask("return window.seen")
    assert min(times) >= clip["player_start_s"] - 0.001
    assert max(times) < clip["player_end_s"] + 1 / clip["fps"]  # never more than the one that the browser had in hand


def test_a_clip_stands_where_it_was_put_before_it_was_loaded(served: Served, place: Place) -> None:
    clip = clips(lake_of(place)).filter(file_name="long.mp4").row(4, named=True)
    wanted = clip["player_start_s"] + 0.5
    with browser() as page:
        page.open(f"{served.address}/clip/{clip['clip_id']}")
        page.until(lambda: page.ask("return Boolean(window.player)"), "the page")
        page.ask(
            "window.two = [null, arguments[0]].map((put) => {"
            " const made = new Player(document.body.appendChild(document.createElement('div')), player.clip);"
            " if (put !== null) made.video.currentTime = put;"
            " return made; });",
            wanted,
        )
        page.until(lambda: page.ask("return two.every((p) => p.shown !== null && !p.video.seeking)"), "both are loaded")
        assert page.ask("return two.map((p) => p.video.currentTime)") == [
            pytest.approx(clip["player_start_s"], abs=0.002), pytest.approx(wanted, abs=0.002)
        ]  # fmt: skip


def test_a_clip_for_which_somebody_had_to_wait_comes_with_its_caption(filled: Place, tmp_path: Path) -> None:
    server = Served(copy(filled, tmp_path))
    try:
        with browser() as page:
            page.open(f"{server.address}/judge?tier={TIER}")
            next_clip(page)
            page.until(lambda: page.data("atHand") == "8", "clips at hand")
            page.ask(
                "const post = review.post; review.post = async (address, body) => {"
                " if (address === '/api/next') await new Promise((go) => { window.go = go; });"
                " return post(address, body); };"
            )
            for _ in range(8):
                page.press("k")
            assert page.data("clip") == ""
            page.ask("window.go()")
            next_clip(page)
            assert page.ask("return document.getElementById('caption').value") == f"Bars move. {MARKUP}"
    finally:
        server.end()


def test_what_is_encoded_plays_and_the_page_says_so(served: Served, place: Place) -> None:
    clip = clips(lake_of(place)).filter(file_name="prores.mov").row(0, named=True)
    with browser() as page:
        page.open(f"{served.address}/clip/{clip['clip_id']}")
        page.until(lambda: page.ask("return window.player?.video.readyState >= 2 && player.shown !== null"), "it plays")
        assert "encoded for browsers" in page.text("#source")
        assert page.wrong() == []


def test_two_people_at_once_are_never_given_the_same_clip(filled: Place, tmp_path: Path) -> None:
    server = Served(copy(filled, tmp_path))
    try:
        with browser() as ann, browser() as bob:
            bob.open(f"{server.address}/judge?tier={TIER}")
            bob.ask("const f = document.querySelector('#rater input'); f.value = 'bob'; f.form.requestSubmit();")
            bob.until(
                lambda: bob.ask("return document.querySelector('#rater input')?.defaultValue") == "bob", "bob is known"
            )
            ann.open(f"{server.address}/judge?tier={TIER}")
            given: dict[str, list[str]] = {"ann": [], "bob": []}
            for _ in range(6):
                for name, page in (("ann", ann), ("bob", bob)):
                    given[name].append(next_clip(page, given[name][-1] if given[name] else ""))
                    page.press("k")
            saved(ann)
            saved(bob)
            assert ann.wrong() == bob.wrong() == []
    finally:
        server.end()
    share = {c for c in given["ann"] if int(c[:8], 16) / 2**32 < 0.2}
    assert not (set(given["ann"]) & set(given["bob"])) - share
    now = lake_of(Place(tmp_path)).query("SELECT rater, count(*) FROM current_reviews GROUP BY 1 ORDER BY 1").rows()
    assert now == [("ann", 6), ("bob", 6)]


def test_what_is_refused_stays_on_the_screen_until_it_can_be_sent(filled: Place, tmp_path: Path) -> None:
    server = Served(copy(filled, tmp_path))
    journal = Journal(lake_of(Place(tmp_path)).settings.lake.scratch_path / FILE)
    try:
        with browser() as page:
            page.open(f"{server.address}/judge?tier={TIER}")
            clip = next_clip(page)
            page.ask("return review.post('/api/rater', { name: 'bob' })")  # as another tab does
            page.press("k")
            page.until(lambda: page.data("refused") == "1", "it is refused")
            saved(page)
            assert "saved" not in page.text("#state")
            assert "ann said this, and you are bob now" in page.text("#refused")
            assert journal.changes(0) == (0, [])
            page.open(f"{server.address}/judge?tier={TIER}")
            next_clip(page)
            assert clip[:8] in page.text("#refused")
            page.ask("return review.post('/api/rater', { name: 'ann' })")
            page.ask("document.querySelector('#refused button').click()")
            page.until(lambda: page.data("refused") == "0", "nothing is refused any more")
            saved(page)
            assert [(v.clip_id, v.rater, v.decision) for v in journal.changes(0)[1]] == [(clip, "ann", "keep")]
    finally:
        server.end()


def test_an_undo_takes_back_what_was_last_when_it_was_asked_for_once(filled: Place, tmp_path: Path) -> None:
    server = Served(copy(filled, tmp_path))
    journal = Journal(lake_of(Place(tmp_path)).settings.lake.scratch_path / FILE)
    seen: list[str] = []
    try:
        with browser() as page:
            page.open(f"{server.address}/judge?tier={TIER}")
            for _ in range(3):
                seen.append(next_clip(page, seen[-1] if seen else ""))
                page.press("k")
            saved(page)
            fourth = next_clip(page, seen[-1])
            # The answer to the first undo is lost; those after it wait to be let through.
            page.ask(
                "const post = review.post; window.lost = true; review.post = async (address, body) => {"
                " if (address !== '/api/undo') return post(address, body);"
                " await new Promise((go) => { window.go = go; });"
                " const said = await post(address, body);"
                " if (window.lost) { window.lost = false; throw new TypeError('lost'); }"
                " return said; };"
            )

            def take_back() -> None:
                before = page.data("clip")
                page.press("z")
                page.until(lambda: page.ask("return Boolean(window.go)"), "the undo is under way")
                page.press("k", "z")  # meanwhile nothing is judged, and nothing else taken back
                assert (page.data("clip"), page.data("waiting")) == (before, "0")
                page.ask("const go = window.go; window.go = null; go();")

            take_back()
            page.until(lambda: "press Z again" in page.text("#state"), "it says that the answer was lost")
            for clip in (seen[2], seen[1]):
                take_back()
                page.until(lambda wanted=clip: page.data("clip") == wanted, "the clip comes back")  # type: ignore[misc]
            for clip in (seen[1], seen[2]):
                assert page.data("clip") == clip
                page.press("d")
            saved(page)
            assert page.data("clip") == fourth
    finally:
        server.end()
    rows = journal.changes(0)[1]
    assert [r.clip_id for r in rows if r.takes_back] == [seen[2], seen[1]]
    assert {v.clip_id: v.decision for v in journal.last("ann", 9)} == {
        seen[0]: "keep",
        seen[1]: "drop",
        seen[2]: "drop",
    }


@pytest.mark.parametrize("size", [(1280, 800), (400, 800)], ids=["desktop", "small"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_fits_its_screen_keeps_nobody_out_and_says_nothing_in_the_console(
    served: Served, place: Place, size: tuple[int, int], dark: bool
) -> None:
    clip = clips(lake_of(place))["clip_id"][0]
    barriers: list[str] = []
    with browser(*size, dark=dark) as page:
        for path in (
            "/",
            "/clips",
            f"/clips?tier={TIER}&sort=luma_mean",
            f"/clip/{clip}",
            f"/judge?tier={TIER}",
            "/raters",
            "/thresholds",
            "/trail",
            f"/compare?left=tier:{TIER}&right=draw:{TIER}",
            f"/map?tier={TIER}",
        ):
            page.open(f"{served.address}{path}")
            page.until(lambda: page.ask("return document.readyState === 'complete'"), "the page")
            assert page.ask("return document.documentElement.scrollWidth <= innerWidth"), path
            ground = page.ask("return getComputedStyle(document.documentElement).backgroundColor")
            assert (sum(map(int, ground.strip("rgb() ").split(","))) < 200) is dark
            barriers += page.barriers()
        assert barriers == []
        assert page.wrong() == []


def test_a_grid_is_browsed_filtered_and_its_threshold_moved(served: Served) -> None:
    with browser() as page:
        page.open(f"{served.address}/clips?tier={TIER}")
        page.until(lambda: "44 clips" in page.text("#count"), "the count")
        page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        assert page.ask("return [...document.querySelectorAll('.card > a')].indexOf(document.activeElement)") == 1
        page.ask(
            "const c = document.querySelector('#filtering select'); c.value = 'luma_mean'; c.dispatchEvent(new Event('change'));"
        )
        page.until(
            lambda: page.ask("return document.getElementById('histogram').dataset.column") == "luma_mean",
            "the histogram",
        )
        page.ask(
            "const s = document.querySelector('#histogram input'); s.value = 500; s.dispatchEvent(new Event('input'));"
        )
        page.until(
            lambda: "not measured" not in page.text("figcaption") and "at or above" in page.text("figcaption"),
            "the split",
        )
        assert page.ask("return document.querySelectorAll('#histogram rect').length") == 48
        page.until(lambda: TIER in page.text("#moved tbody"), "the what-if")
        # Where the handle was dragged to stands in the address, which another browser shows the same by.
        assert "#cut=bright:" in page.driver.current_url
        dragged = page.text("#histogram output")
        with browser() as other:
            other.open(page.driver.current_url)
            other.until(lambda: other.text("#histogram output") == dragged, "the cut")
            assert other.ask("return document.querySelector('#filtering select').value") == "luma_mean"
        page.ask("document.querySelector('[data-set=least]').click()")
        page.until(lambda: "least.luma_mean" in page.driver.current_url, "the filter")
        page.until(lambda: page.ask("return document.querySelector('.filter') !== null"), "the page behind it")
        page.until(lambda: "clips" in page.text("#count"), "the count")
        shown = page.ask("return document.querySelectorAll('.card').length")
        assert page.text("#count").startswith(f"{shown} clips")
        assert 0 < shown < 44
        assert page.wrong() == []
