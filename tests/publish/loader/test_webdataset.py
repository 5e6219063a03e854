"""What WebDataset's own reader makes of our shards."""

from __future__ import annotations

import webdataset

from tests.publish.loader.made import Made, take_down


def test_webdataset_reads_our_shards_and_passes_over_what_was_taken_down(made: Made) -> None:
    gone = made.ids[0]
    take_down(made, gone)
    urls = sorted(str(path) for path in made.folder.rglob("train/**/*.tar"))
    samples = {s["__key__"]: s for s in webdataset.WebDataset(urls, shardshuffle=False)}
    assert sorted(samples) == sorted(set(made.ids) - {gone})
    for clip, sample in samples.items():
        assert sample["mp4"] == made.media[clip]
        assert sample["txt"].decode() == f"Clip {clip}."
        assert sample["json"].startswith(b"{")
