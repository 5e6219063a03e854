"""The cache of ranges: bounded, and shared by whoever has its folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from video_assets.publish.loader.storage import RangeCache


def test_the_cache_forgets_what_was_not_used_for_longest(tmp_path: Path) -> None:
    cache = RangeCache(tmp_path / "cache", 3200)
    names = [hashlib.sha256(bytes([n])).hexdigest() for n in range(60)]
    for number, name in enumerate(names):
        cache.put(name, bytes(100))
        os.utime(cache._path(name), (number, number))
        assert cache.get(names[0]) == bytes(100)
    held = [file.stat().st_size for file in cache.folder.rglob("*") if file.is_file()]
    assert 2400 <= sum(held) <= 3400
    assert [cache.get(name) for name in names[1:20]] == [None] * 19
    assert cache.get(names[-1]) == bytes(100)
    cache.put(names[5], bytes(1000))
    assert cache.get(names[5]) is None
