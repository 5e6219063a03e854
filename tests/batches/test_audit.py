"""The audit in a lake: which captions it reads, what it knows of their clips, and what it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.batches.made_vectors import made_step
from video_assets.batches.audit import audit_captions, counted
from video_assets.batches.step import Step
from video_assets.lake.lake import Replacement
from video_assets.lake.schemas import CAPTION_FINDINGS, CAPTIONS, CLIPS, DUPLICATE_GROUPS, SOURCE_FILES, Table
from video_assets.measure.models import sha256_of
from video_assets.scorers.embeddings import CLIP_EMBEDDINGS
from video_assets.scorers.text import TEXT_SCORES
from video_assets.settings import AuditSettings, ImageTextSettings, ModelSettings

GOOD = (
    "A baker slides a tray of {} into a brick oven, wipes his hands on a white apron and turns to the counter, where a "
    "girl in school uniform waits with coins in her fist and looks at {} through the glass."
)
THINGS = ("loaves", "rolls", "tarts", "pies", "buns", "cakes", "pretzels", "scones")
TINY = {
    "embed_dim": 8,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


def caption(clip: str, dense: str, **changed: object) -> dict[str, object]:
    known: dict[str, object] = {
        "clip_id": clip, "video_id": "video", "captioner": "qwen", "version": "v1", "current": True, "model": "qwen-vl",
        "short_description": f"A baker, {clip}.", "dense_description": dense, "words": len(dense.split()),
    }  # fmt: skip
    return known | changed


def put(step: Step, batch: str, captions: list[dict[str, object]], **others: list[dict[str, Any]]) -> None:
    """Put captions, a clip for each, and rows of other tables into a batch."""
    clips = sorted({str(c["clip_id"]) for c in captions})
    rows: dict[Table, list[dict[str, Any]]] = {
        SOURCE_FILES: [{"uri": batch}],
        CLIPS: [
            {"clip_id": c, "video_id": "video", "shot_id": c, "start_pts": n, "duration_s": 5.0}
            for n, c in enumerate(clips)
        ],
        CAPTIONS: captions,
        TEXT_SCORES.table: others.get("text_scores", []),
        DUPLICATE_GROUPS: others.get("duplicate_groups", []),
        CLIP_EMBEDDINGS.table: others.get("clip_embeddings", []),
    }
    replaced = [
        Replacement(table, [batch], table.frame(found, batch=batch) if found else table.empty())
        for table, found in rows.items()
    ]
    step.lake.commit(replaced, [], message=batch)


def found(step: Step, batch: str) -> list[tuple[str, str, str, str | None]]:
    rows = step.lake.read(CAPTION_FINDINGS, [batch]).sort("clip_id", "captioner", "kind")
    return list(rows.select("clip_id", "captioner", "kind", "other_clip_id").rows())


@pytest.fixture(scope="module")
def step(tmp_path_factory: pytest.TempPathFactory) -> Step:
    """Give a lake for all tests, each of which has a batch of its own."""
    return made_step(tmp_path_factory.mktemp("audit"), audit=AuditSettings(fewest_words=20))


def test_current_captions_by_models_and_people_are_audited_and_no_others(step: Step) -> None:
    refused = "I'm sorry, but I can't help with that. " * 4
    put(
        step, "a",
        [
            caption("c1", refused),
            caption("c2", GOOD.format("loaves", "the last loaf"), captioner="human", model=None),
            caption("c3", refused, current=False),
            caption("c4", refused, captioner="measured", model="measured"),
            caption("c5", refused, captioner="old import", model=None),
            {"clip_id": "c6", "captioner": "qwen", "version": "v1", "current": True, "reason": "invalid_caption"},
        ],
    )  # fmt: skip
    made = audit_captions(step, "a")
    assert found(step, "a") == [("c1", "qwen", "refusal", None), ("c5", "old import", "refusal", None)]
    assert (made.rows, made.footage_seconds, made.version) == (2, 15.0, step.version("caption_findings"))
    row = step.lake.read(CAPTION_FINDINGS, ["a"]).filter(clip_id="c1").to_dicts()[0]
    assert row == {
        "batch": "a", "clip_id": "c1", "video_id": "video", "captioner": "qwen", "caption_version": "v1",
        "kind": "refusal", "severity": "wrong", "evidence": "I'm sorry", "other_clip_id": None,
        "version": step.version("caption_findings"),
    }  # fmt: skip
    assert counted(step.lake, "a").rows() == [("human", 1, 0, 0), ("old import", 1, 1, 1), ("qwen", 1, 1, 1)]
    # Written well, and audited again.
    put(step, "a", [caption("c1", GOOD.format("loaves", "the last loaf"))])
    audit_captions(step, "a")
    assert found(step, "a") == []
    assert counted(step.lake, "a").rows() == [("qwen", 1, 0, 0)]


def test_what_was_measured_of_the_clips_decides(step: Step) -> None:
    sign = f'{GOOD.format("loaves", "them")} A sign reads "Open".'
    put(
        step, "b",
        [
            caption("c1", sign),
            caption("c2", sign),
            caption("c3", f"{GOOD.format('rolls', 'one of them')} The camera pans left.", camera_motion="pan right"),
            caption("c4", f'{GOOD.format("pies", "a half")} A sign reads "Closed".'),
        ],
        text_scores=[
            {"clip_id": "c1", "text_boxes": 0},
            {"clip_id": "c2", "text_boxes": 1},
            {"clip_id": "c4", "reason": "model_failed"},
        ],
        duplicate_groups=[{"clip_id": c, "duplicate_group": "c1"} for c in ("c1", "c2")],
    )  # fmt: skip
    audit_captions(step, "b")
    assert found(step, "b") == [("c1", "qwen", "unread_text", None), ("c3", "qwen", "camera_contradiction", None)]


def test_two_captioners_may_say_the_same_of_a_clip_and_one_of_two_clips_may_not(step: Step) -> None:
    same = GOOD.format("loaves", "them")
    put(step, "c", [caption("c1", same), caption("c1", same, captioner="other"), caption("c2", same)])
    audit_captions(step, "c")
    assert found(step, "c") == [("c1", "qwen", "duplicate", "c2"), ("c2", "qwen", "duplicate", "c1")]


def test_a_batch_without_captions_has_no_findings(step: Step) -> None:
    put(step, "d", [])
    assert audit_captions(step, "d").rows == 0
    assert counted(step.lake, "d").is_empty()


@pytest.fixture
def full(tmp_path: Path) -> Step:
    """Give a place in the profile 'full', with a text tower of random weights."""
    import open_clip
    import torch

    (tmp_path / "audit.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(tmp_path / "audit.json")
    torch.manual_seed(0)
    torch.save(open_clip.create_model("audit", pretrained=None).state_dict(), tmp_path / "audit.pt")
    own = ImageTextSettings(
        architecture="audit.json", weights="audit.pt", sha256=sha256_of(tmp_path / "audit.pt"), licence="MIT"
    )
    models = ModelSettings(profile="full", folder=tmp_path, image_text=own)
    return made_step(tmp_path, models=models, audit=AuditSettings(fewest_words=20, least_jaccard=1.0))


def test_in_the_profile_full_captions_that_stand_a_row_beside_their_clips_are_found(full: Step) -> None:
    from video_assets.batches.search import towers

    encode = towers(full.lake.settings.models).open().encode_text
    shorts = [f"A baker with {thing} and number {n}." for n, thing in enumerate(THINGS)]
    # Each clip is exactly what its own sentence says, in the space of the towers.
    vectors = [encode(short) for short in shorts]
    clips = [
        {"clip_id": f"c{n}", "embedding": v.tolist(), "embedding_model": "audit.pt"} for n, v in enumerate(vectors)
    ]
    dense = [GOOD.format(thing, f"number {n}") for n, thing in enumerate(THINGS)]

    def audited(slipped: int) -> pl.DataFrame:
        said = [shorts[min(n + slipped, len(shorts) - 1)] for n in range(len(shorts))]
        captions = [caption(f"c{n}", dense[n], short_description=said[n]) for n in range(len(shorts))]
        put(full, "a", captions, clip_embeddings=clips)
        audit_captions(full, "a")
        return full.lake.read(CAPTION_FINDINGS)

    assert audited(0).is_empty()
    gains = [1 - float(np.dot(vectors[n], vectors[n + 1])) for n in range(len(vectors) - 1)]
    assert min(gains) > 0.02
    assert audited(1).select("clip_id", "kind", "other_clip_id").rows() == [
        (f"c{n}", "shifted", f"c{n + 1}") for n in range(len(shorts) - 1)
    ]
    # Vectors of another model do not compare.
    for clip in clips:
        clip["embedding_model"] = "other"
    assert audited(1).is_empty()
