"""Pictures of the lake: files that rows refer to, and nothing else is given out."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.lake.rows import commit_shots, snapshots
from video_assets.lake.lake import Lake
from video_assets.lake.pages import Picture, picture_file, store
from video_assets.lake.schemas import PAGES

RED, BLUE = Picture(b"<svg>red</svg>", "svg", "A red one."), Picture(b"blue", "jpg", "A blue one.")


def shown(lake: Lake, asset: str) -> dict[tuple[str, str], str]:
    rows = lake.read(PAGES).filter(asset=asset)
    return {(batch, name): path for batch, name, path in rows.select("batch", "name", "path").iter_rows()}


def on_disk(lake: Lake, asset: str) -> set[str]:
    return {path for path in lake.files.listed("pages") if path.startswith(f"pages/{asset}/")}


def test_a_picture_is_a_file_of_the_lake_and_a_row_that_refers_to_it(lake: Lake) -> None:
    paths = store(lake, "tiers/goku/480p", {"a": {"funnel": RED}, "b": {"funnel": BLUE, "sheet": RED}}, "run")
    digest = hashlib.sha256(RED.data).hexdigest()[:32]
    assert paths["a"]["funnel"] == f"pages/tiers/goku/480p/batch=a/{digest}.svg"
    assert shown(lake, "tiers/goku/480p") == {(b, n): path for b, page in paths.items() for n, path in page.items()}
    assert on_disk(lake, "tiers/goku/480p") == {path for page in paths.values() for path in page.values()}
    assert Path(lake.settings.lake.root, paths["b"]["funnel"]).read_bytes() == b"blue"
    row = lake.read(PAGES).filter(asset="tiers/goku/480p", batch="a").row(0, named=True)
    assert (row["says"], row["bytes"]) == ("A red one.", 14)


def test_a_page_that_is_made_anew_has_its_new_pictures_alone_and_other_batches_keep_theirs(lake: Lake) -> None:
    store(lake, "clips", {"a": {"lengths": RED, "sheet": BLUE}, "b": {"lengths": RED}})
    store(lake, "clips", {"a": {"lengths": BLUE}})
    assert set(shown(lake, "clips")) == {("a", "lengths"), ("b", "lengths")}
    store(lake, "clips", {"a": {}})
    assert set(shown(lake, "clips")) == {("b", "lengths")}


def test_a_page_without_pictures_that_had_none_is_no_commit(lake: Lake) -> None:
    store(lake, "draws", {"": {}})
    before = snapshots(lake)
    assert store(lake, "draws", {"": {}, "a": {}}) == {"": {}, "a": {}}
    assert snapshots(lake) == before


def test_the_same_picture_again_is_the_same_file(lake: Lake) -> None:
    first = store(lake, "shots", {"": {"lengths": RED}})
    assert store(lake, "shots", {"": {"lengths": RED}}) == first
    assert len(on_disk(lake, "shots")) == 1
    assert first[""]["lengths"].startswith("pages/shots/all/")


def test_rows_of_pictures_stand_in_the_catalog_and_make_no_files(lake: Lake) -> None:
    store(lake, "keyframes", {"a": {"sheet": RED}})
    assert not list(Path(lake.settings.lake.root).glob("data/**/pages/**/*.parquet"))


def test_only_pictures_are_given_out(lake: Lake) -> None:
    path = store(lake, "raw_videos", {"a": {"videos": RED}})["a"]["videos"]
    parts = path.split("/")[1:]
    found = picture_file(lake.files, parts)
    assert found
    assert found.read_bytes() == RED.data
    name = parts[-1]
    root = Path(lake.settings.lake.root)
    (root / name).write_bytes(b"outside")
    (root / "pages" / name).write_bytes(b"beside")
    (root / "pages" / "raw_videos" / "notes.svg").write_bytes(b"no hash")
    (root / "pages" / "raw_videos" / f"{name[:-3]}txt").write_bytes(b"no picture")
    for refused in (
        ["..", name], ["raw_videos", "..", "..", name], ["raw_videos", "batch=a", "..", "..", "..", name], [name], [],
        ["raw_videos/../..", name], [".", name], ["", name], ["raw_videos", "batch=a", f"../batch=a/{name}"],
        ["raw_videos", "notes.svg"], ["raw_videos", f"{name[:-3]}txt"], ["..", "catalog.sqlite"],
        ["raw_videos", "batch=b", name], ["raw_videos", "batch=a", f"{name}\0"], [str(root), name],
    ):  # fmt: skip
        assert picture_file(lake.files, refused) is None, refused


def test_pages_of_a_run_are_noted_with_the_rows_that_come_next_and_the_last_one_at_its_end(lake: Lake) -> None:
    before = snapshots(lake)
    with lake.gathering("run"):
        store(lake, "captions", {"along": {"lengths": RED}})
        store(lake, "safety_scores", {"along": {"lengths": RED}})
        store(lake, "captions", {"along": {}})
        assert (snapshots(lake), shown(lake, "safety_scores")) == (before, {})
        commit_shots(lake, "along", 2)
        assert snapshots(lake) == before + 1
        assert (shown(lake, "captions"), {*shown(lake, "safety_scores")}) == ({}, {("along", "lengths")})
        store(lake, "safety_scores", {"along": {"lengths": BLUE, "sheet": RED}})
    assert snapshots(lake) == before + 2
    assert {*shown(lake, "safety_scores")} == {("along", "lengths"), ("along", "sheet")}
    told = lake.query("SELECT commit_extra_info FROM ducklake_snapshots('lake') ORDER BY snapshot_id DESC LIMIT 1")
    assert json.loads(told.item())["run_id"] == "run"


def test_a_page_waits_on_when_the_commit_that_was_to_take_it_along_fails(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lake.gathering():
        store(lake, "clips", {"failing": {"lengths": RED}})
        with monkeypatch.context() as broken:
            broken.setattr("video_assets.lake.lake.write", lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                commit_shots(lake, "failing", 2)
        assert ("failing", "lengths") not in shown(lake, "clips")
    assert ("failing", "lengths") in shown(lake, "clips")
