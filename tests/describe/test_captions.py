"""Captions of several captioners and versions: who writes which, what is due, and what stands beside what."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.describe.captioned import BATCH, TIER, Clips, captions, clip_name, endpoint, told
from tests.describe.chat_server import WORDS, ChatServer
from tests.review.sent import row
from video_assets.batches.caption_files import export_captions, import_captions, withdraw
from video_assets.batches.caption_rows import numbered
from video_assets.batches.captions import caption_clips
from video_assets.batches.corrections import take_corrections
from video_assets.batches.step import Step
from video_assets.curate.tiers import load_tiers
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import REVIEWED, Due, Why, plan
from video_assets.lake.schemas import CAPTIONS, REVIEWS
from video_assets.measurements import caption_work_of, measurements
from video_assets.review.fold import rows_of
from video_assets.review.journal import Verdict
from video_assets.settings import CaptionerSettings, CaptionSettings, Settings

MEASURED = CaptionerSettings(name="measured", kind="measured")


def due(step: Step) -> list[Due]:
    """What the plan has of captions; nothing else is due for certain."""
    found = plan(step.lake, {"captions": replace(step.order["captions"], inputs=())})
    return [d for d in found if d.asset == "captions"]


def drawn(step: Step) -> dict[str, str]:
    rows = caption_work_of(step.lake.settings, step.order).drawn(step.lake, [BATCH])
    return dict(rows.select("clip_id", "captioner").iter_rows())


def current(step: Step) -> list[tuple[Any, ...]]:
    sql = "SELECT clip_id, captioner, version, winner FROM current_captions ORDER BY ALL"
    return [(int(clip, 16), *rest) for clip, *rest in step.lake.query(sql).iter_rows()]


def test_the_default_captioner_says_what_was_measured_and_calls_itself_measured(made: Clips) -> None:
    step = made.only(3).step()
    assert caption_clips(step, BATCH).rows == 3
    row = captions(step).row(0, named=True)
    assert (row["captioner"], row["model"], row["weights"], row["prompt_hash"]) == ("measured", "measured", None, None)
    assert row["short_description"] == "The camera moves to the left."
    assert row["dense_description"] == "The camera moves to the left. The picture is medium bright."
    assert (row["lighting"], row["background"], row["style"], row["atmosphere"]) == ("medium bright", "", "", "")
    assert row["source_tags"] == ["licensed", "landscape", "25 fps"]
    assert row["quality_tags"] == []


def test_captioning_again_changes_nothing_and_asks_for_nothing(made: Clips, server: ChatServer) -> None:
    step = made.only(8).step(endpoint(server.url), MEASURED)
    first = caption_clips(step, BATCH)
    again = caption_clips(step, BATCH)
    assert (again.data_version, again.rows) == (first.data_version, first.rows)
    assert server.asked.total() == sum(who == "small" for who in drawn(step).values())


def test_every_clip_is_drawn_to_one_captioner_by_their_shares(made: Clips) -> None:
    step = made.only(40).step(endpoint("http://x/v1", share=0.7), endpoint("http://x/v1", name="large", share=0.3))
    who = drawn(step)
    assert set(who) == {clip_name(n) for n in range(40)}
    assert list(who.values()).count("small") == 27
    other = drawn(made.step(*step.lake.settings.captions.captioners, seed=1))
    assert who != other


@pytest.mark.parametrize("share", [0.0, 0.1, 0.6, 5.0])
def test_a_changed_share_moves_clips_to_or_from_that_captioner_alone(made: Clips, share: float) -> None:
    others = [endpoint("http://x/v1", name=name, share=0.3) for name in ("one", "two")]
    before = drawn(made.only(40).step(*others, endpoint("http://x/v1", share=0.3)))
    after = drawn(made.step(*others, endpoint("http://x/v1", share=share)))
    moved = {(before[clip], after[clip]) for clip in before if before[clip] != after[clip]}
    assert moved
    assert all("small" in pair for pair in moved)
    assert len({to if share > 0.3 else "" for _, to in moved}) == 1


def test_one_word_of_the_prompt_makes_that_captioners_captions_stale_and_shows_their_cost(
    made: Clips, server: ChatServer
) -> None:
    prices = {"usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 10.0}
    small, large = endpoint(server.url, **prices), endpoint(server.url, name="large", share=0.4)
    step = made.only(20).step(small, large)
    mine = [clip for clip, who in drawn(step).items() if who == "small"]
    (never,) = due(step)
    assert (never.why, never.rows, never.cost_seconds, never.usd) == (Why.NEW, 20, None, None)
    caption_clips(step, BATCH)
    assert due(step) == []

    prompt = small.prompt.replace("about 100 words", "about 80 words")
    assert prompt != small.prompt
    step = made.step(small.model_copy(update={"prompt": prompt}), large)
    (stale,) = due(step)
    assert (stale.why, stale.rows) == (Why.STALE, len(mine))
    assert stale.hours == pytest.approx(len(mine) * 5 / 3600)
    assert stale.usd == pytest.approx(len(mine) * 0.002)
    assert stale.cost_seconds is not None
    assert stale.cost_seconds > 0
    server.asked.clear()
    before = captions(step)
    caption_clips(step, BATCH)
    assert server.asked.total() == len(mine)
    assert due(step) == []
    # The old captions stand beside the new ones, and nothing of them has changed but that they are superseded.
    old = captions(step).join(before, on=list(CAPTIONS.key), how="semi")
    assert old.drop("current", "compute_seconds").equals(before.drop("current", "compute_seconds"))
    assert dict(old.group_by("captioner", "current").len().select("captioner", "len").iter_rows()) == {
        "small": len(mine), "large": 20 - len(mine),
    }  # fmt: skip
    assert sorted(int(c, 16) for c in mine) == sorted(clip for clip, who, *_ in current(step) if who == "small")


def test_only_what_a_caption_hangs_on_makes_it_stale(made: Clips, server: ChatServer) -> None:
    caption_clips(made.only(3).step(endpoint(server.url)), BATCH)
    same: list[dict[str, Any]] = [
        {"concurrency": 2, "timeout_s": 1.0, "retries": 9, "api_key_env": "X"}, {"base_url": "http://elsewhere/v1"},
    ]  # fmt: skip
    assert [due(made.step(endpoint(server.url, **changes))) for changes in same] == [[], []]
    other: list[dict[str, Any]] = [{"seed": 1}, {"model": "vlm-70b"}, {"temperature": 0.1}, {"frames": 3}]
    rows = [sum(d.rows for d in due(made.step(endpoint(server.url, **changes)))) for changes in other]
    assert rows == [3, 3, 3, 3]


def test_going_back_to_an_earlier_prompt_asks_for_nothing(made: Clips, server: ChatServer) -> None:
    old, new = endpoint(server.url), endpoint(server.url, seed=1)
    caption_clips(made.only(3).step(old), BATCH)
    caption_clips(made.step(new), BATCH)
    server.asked.clear()
    step = made.step(old)
    caption_clips(step, BATCH)
    assert server.asked.total() == 0
    assert captions(step).height == 6
    version = caption_work_of(step.lake.settings, step.order).versions["small"]
    assert current(step) == [(n, "small", version, True) for n in range(3)]


def test_captions_of_a_captioner_that_is_no_longer_asked_stay_and_lose_to_the_one_that_is(
    made: Clips, server: ChatServer
) -> None:
    caption_clips(made.only(2).step(endpoint(server.url)), BATCH)
    step = made.step(endpoint(server.url, share=0), MEASURED)
    caption_clips(step, BATCH)
    assert [(clip, who, winner) for clip, who, _, winner in current(step)] == [
        (0, "measured", True), (0, "small", False), (1, "measured", True), (1, "small", False),
    ]  # fmt: skip


def test_withdrawn_captions_are_written_anew_beside_the_old_ones(made: Clips, server: ChatServer) -> None:
    step = made.only(8).step(endpoint(server.url), MEASURED)
    caption_clips(step, BATCH)
    mine = [clip for clip, who, *_ in current(step) if who == "small"]
    versions = caption_work_of(step.lake.settings, step.order).versions
    version = versions["small"]
    withdraw(step, versions, version, None)
    (stale,) = due(step)
    assert (stale.why, stale.detail, stale.rows) == (
        Why.STALE, f"version withdrawn is now {step.version('captions')}", len(mine),
    )  # fmt: skip
    server.asked.clear()
    caption_clips(step, BATCH)
    assert server.asked.total() == len(mine)
    assert [(c, v) for c, who, v, _ in current(step) if who == "small"] == [(c, f"{version}.2") for c in mine]
    withdraw(step, versions, None, "small")
    caption_clips(step, BATCH)
    written = captions(step).filter(captioner="small").group_by("version").len().sort("version")
    assert written.rows() == [(version, len(mine)), (f"{version}.2", len(mine)), (f"{version}.3", len(mine))]
    with pytest.raises(
        ValueError, match=r"No current caption of version x can be written anew; there are 1-.* by measured"
    ):
        withdraw(step, versions, "x", None)


def test_a_persons_caption_wins_over_all_and_survives_a_new_version(
    made: Clips, server: ChatServer, tmp_path: Path
) -> None:
    step = made.only(3).step(endpoint(server.url))
    before = caption_clips(step, BATCH)
    file = tmp_path / "corrected.jsonl"
    said = {"short_description": "A ferry leaves.", "dense_description": "A ferry leaves the harbour at dusk."}
    by_time = {"file_name": "film1.mp4", "start_s": 0.1, "end_s": 5.2}
    file.write_text("".join(json.dumps(row | said) + "\n" for row in ({"clip_id": clip_name(0)},)))
    (entry,) = import_captions(step, file, "human")
    assert entry.data_version != before.data_version
    assert entry.version == before.version
    file.write_text(json.dumps(by_time | said) + "\n")
    import_captions(step, file, "human")
    winners = [(clip, who) for clip, who, _, winner in current(step) if winner]
    assert winners == [(0, "human"), (1, "human"), (2, "small")]
    row = captions(step).filter(captioner="human").row(0, named=True)
    assert (row["words"], row["camera_motion"], row["source_tags"][0]) == (7, "pan left", "licensed")
    assert (row["background"], row["reason"], row["drawn"]) == ("", None, False)

    step = made.step(endpoint(server.url, seed=5))
    caption_clips(step, BATCH)
    assert [(clip, who) for clip, who, _, winner in current(step) if winner] == winners
    sheet = step.lake.query(
        "SELECT clip_id, captioner, short_description FROM described_clips WHERE captioner IS NOT NULL ORDER BY clip_id"
    )
    assert [row[1:] for row in sheet.iter_rows()] == [("human", "A ferry leaves.")] * 2 + [
        ("small", WORDS["short_description"])
    ]


def test_a_caption_that_a_rater_corrects_is_the_raters_and_wins_until_it_is_taken_back(made: Clips) -> None:
    step = made.only(3).step()
    caption_clips(step, BATCH)
    said: list[Verdict] = []

    def people(*new: Verdict) -> list[tuple[Any, ...]]:
        said.extend(new)
        step.lake.commit([Replacement(REVIEWS, ["1"], rows_of("1", said), by="part")], [], message="verdicts")
        entries = take_corrections(step)
        assert all(entry.version == step.version("captions") for entry in entries)
        return [(clip, who) for clip, who, _, winner in current(step) if winner]

    first = row(clip_name(0), "ann", caption="A ferry leaves. The sea is calm.")
    second = row(clip_name(0), "ann", caption="A tug leaves.")
    ours = [(0, "measured"), (1, "measured"), (2, "measured")]
    assert people(row(clip_name(1), "ann")) == ours
    assert people(first) == [(0, "person:ann"), *ours[1:]]
    of_ann = captions(step).filter(captioner="person:ann")
    assert of_ann.select("version", "short_description", "dense_description", "words", "camera_motion").rows() == [
        (f"review-{first.review_id[:16]}", "A ferry leaves.", "A ferry leaves. The sea is calm.", 7, "pan left")
    ]
    assert people(second, row(clip_name(0), "bob", caption="A ship leaves.")) == [(0, "person:bob"), *ours[1:]]
    caption_clips(step, BATCH)  # which tells anew what is current
    assert [who for clip, who, *_ in current(step) if clip == 0] == ["measured", "person:ann", "person:bob"]
    people(row(clip_name(0), "bob", None, takes_back=said[-1].review_id))
    assert people(row(clip_name(0), "ann", None, takes_back=second.review_id)) == [(0, "person:ann"), *ours[1:]]
    caption_clips(step, BATCH)
    shown = step.lake.query("SELECT dense_description FROM current_captions WHERE captioner = 'person:ann'")
    assert shown["dense_description"].to_list() == ["A ferry leaves. The sea is calm."]
    assert people() == [(0, "person:ann"), *ours[1:]]
    assert captions(step).filter(captioner="person:ann").height == 2


def test_who_captions_a_batch_takes_what_people_have_corrected_in_it(made: Clips) -> None:
    step = made.only(2).step()
    before = caption_clips(step, BATCH)
    said = row(clip_name(0), "ann", caption="A ferry leaves.")
    step.lake.commit(
        [Replacement(REVIEWS, ["1"], rows_of("1", [said]), by="part")],
        [Made(REVIEWED, BATCH, "1", "judged", {}, 1)],
        message="verdicts",
    )
    assert [(d.asset, d.detail) for d in due_of_people(step)] == [("captions", "reviews changed")]
    after = caption_clips(step, BATCH)
    assert after.data_version != before.data_version
    assert [(clip, who) for clip, who, _, winner in current(step) if winner] == [(0, "person:ann"), (1, "measured")]
    assert due_of_people(step) == []
    back = row(clip_name(0), "ann", None, takes_back=said.review_id)
    step.lake.commit([Replacement(REVIEWS, ["1"], rows_of("1", [said, back]), by="part")], [], message="verdicts")
    assert caption_clips(step, BATCH).data_version != after.data_version
    assert [(clip, who) for clip, who, _, winner in current(step) if winner] == [(0, "measured"), (1, "measured")]


def due_of_people(step: Step) -> list[Due]:
    """What the plan has of captions where people alone have said something since."""
    found = plan(step.lake, {"captions": replace(step.order["captions"], inputs=(REVIEWED,))})
    return [d for d in found if d.asset == "captions"]


def test_a_later_import_is_current_and_the_earlier_one_stays(made: Clips, tmp_path: Path) -> None:
    step, file = made.only(1).step(), tmp_path / "captions.jsonl"
    for said in ("First.", "Second.", "Second."):
        file.write_text(
            json.dumps({"clip_id": clip_name(0), "short_description": said, "dense_description": said}) + "\n"
        )
        import_captions(step, file, "studio")
    rows = captions(step).select("short_description", "current").sort("short_description").rows()
    assert rows == [("First.", False), ("Second.", True)]
    # Nobody captioned the batch before: it is still to be done.
    assert [d.why for d in due(step)] == [Why.NEW]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"clip_id": "x"}], "row 1: there is no clip x"),
        ([{"file_name": "film0.mp4", "start_s": 2.0, "end_s": 5.0}], "row 1: no clip of film0.mp4 goes from 2 to 5 s"),
        ([{"video_id": "nowhere", "start_s": 2.0, "end_s": 5.0}], "row 1: there is no clip of nowhere"),
        ([{"clip_id": clip_name(0), "dense_description": ""}], "row 1: dense_description must not be empty"),
        ([{"clip_id": clip_name(0)}] * 2, "1 rows are about a clip that an earlier row is about"),
        ([{"name": "film0.mp4"}], "names no clips: it needs clip_id, or video_id or file_name with start_s and end_s"),
    ],
)
def test_a_file_with_a_row_that_cannot_be_used_is_refused_whole(
    made: Clips, tmp_path: Path, rows: list[dict[str, Any]], said: str
) -> None:
    step, file = made.only(1).step(), tmp_path / "captions.jsonl"
    usual = {"short_description": "A ferry.", "dense_description": "A ferry."}
    file.write_text("".join(json.dumps(usual | row) + "\n" for row in rows))
    with pytest.raises(ValueError, match=said):
        import_captions(step, file, "human")
    assert captions(step).is_empty()


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_what_is_exported_can_be_imported_again(made: Clips, tmp_path: Path, ending: str) -> None:
    step, file = made.only(3).step(), tmp_path / f"captions.{ending}"
    caption_clips(step, BATCH)
    assert export_captions(step, file) == 3
    import_captions(step, file, "human")
    texts = captions(step).select("clip_id", "captioner", *WORDS)
    by_human, by_measure = (texts.filter(captioner=who).drop("captioner") for who in ("human", "measured"))
    assert by_human.equals(by_measure)


def test_the_version_of_a_caption_is_found_in_one_query(made: Clips, server: ChatServer) -> None:
    step = made.only(3).step(endpoint(server.url))
    caption_clips(step, BATCH)
    question = step.lake.settings.sql_folder / "explore" / "captions_by_version.sql"
    (row,) = step.lake.query(question.read_text()).to_dicts()
    assert (row["captioner"], row["captions"], row["current_captions"], row["failures"]) == ("small", 3, 3, 0)
    assert (row["input_tokens"], row["mean_words"], row["example"]) == (3000, 15.0, clip_name(0))


def test_a_tier_that_is_not_there_is_named(made: Clips) -> None:
    settings = Settings(captions=CaptionSettings(tiers=("no/tier",)))
    tiers = load_tiers(settings.sql_folder / "tiers")[0]
    with pytest.raises(ValueError, match=r"captions\.tiers names no/tier, which is no tier; there are open_sora/256p"):
        measurements(settings, {TIER: tiers[TIER]})


@given(st.lists(st.integers(1, 9), max_size=4, unique=True))
def test_a_new_writing_has_the_number_after_the_last_withdrawn_one(numbers: list[int]) -> None:
    versions = ["1-ab" if n == 1 else f"1-ab.{n}" for n in numbers]
    others = [{"clip_id": "x", "captioner": "small", "version": "2-cd.7", "withdrawn": True}]
    old = [{"clip_id": "x", "captioner": "small", "version": v, "withdrawn": True} for v in versions]
    wanted = pl.DataFrame({"clip_id": ["x"], "captioner": ["small"], "version": ["1-ab"]})
    written = numbered(wanted, CAPTIONS.frame(old + others))["version"].item()
    assert written == (f"1-ab.{max(numbers) + 1}" if numbers else "1-ab")


def test_failures_are_told_by_clip(made: Clips, server: ChatServer) -> None:
    server.always = "refusal"
    step = made.only(2).step(endpoint(server.url))
    caption_clips(step, BATCH)
    assert told(step) == dict.fromkeys(range(2), ("caption_refused", None))
    sheet = step.lake.query("SELECT caption_reason FROM described_clips WHERE caption_reason IS NOT NULL")
    assert sheet["caption_reason"].to_list() == ["caption_refused"] * 2
