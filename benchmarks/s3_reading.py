"""Footage on S3 read by ranges, or fetched once: requests, bytes and time, by how long the server takes to answer.

    python benchmarks/s3_reading.py
    python benchmarks/s3_reading.py --seconds 60 --waits 0 20 100 200

A video is read three times from its arrival to its keyframes: all of its bytes for its identity, its header and end for the
probe, all of it for the decode. 'fetched once' is what :mod:`video_assets.media.fetch` does; 'ranges' gives FFmpeg a file
whose every read is a request of so many MiB, of which the last few stay in memory. The server is SeaweedFS on this machine,
behind a way on which each answer waits; what travels costs nothing here, so that read the requests and the bytes first.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import tempfile
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import av
import pytest

from tests.media.video_files import ffmpeg
from tests.s3.faulty import faulty
from tests.servers.s3 import served, set_keys
from video_assets.lake.s3 import open_s3
from video_assets.media.fetch import local_copy
from video_assets.settings import S3Settings

MIB = 2**20
_BLOCKS_KEPT = 4


class Ranges(io.RawIOBase):
    """An object as a file, read in blocks."""

    def __init__(self, client: Any, bucket: str, key: str, block: int) -> None:
        self._client, self._of, self._block = client, {"Bucket": bucket, "Key": key}, block
        self._size = client.head_object(**self._of)["ContentLength"]
        self._at = 0
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self.fetched = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + {0: 0, 1: self._at, 2: self._size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._at + size, self._size)
        parts = []
        while self._at < end:
            number, start = divmod(self._at, self._block)
            part = self._part(number)[start : start + end - self._at]
            parts.append(part)
            self._at += len(part)
        return b"".join(parts)

    def _part(self, number: int) -> bytes:
        if number not in self._kept:
            first = number * self._block
            last = min(first + self._block, self._size) - 1
            data: bytes = self._client.get_object(**self._of, Range=f"bytes={first}-{last}")["Body"].read()
            self.fetched += len(data)
            self._kept[number] = data
            if len(self._kept) > _BLOCKS_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(number)
        return self._kept[number]


def sha256(file: Any) -> str:
    found = hashlib.sha256()
    while data := file.read(MIB):
        found.update(data)
    return found.hexdigest()


def probe(file: Any) -> float:
    with av.open(file) as container:
        return float(container.duration or 0)


def decode(file: Any) -> int:
    with av.open(file) as container:
        container.streams.video[0].thread_type = "NONE"
        return sum(1 for _ in container.decode(video=0))


def by_ranges(client: Any, bucket: str, keys: list[str], block: int) -> int:
    """Read each film three times; gives the bytes that were fetched."""
    fetched = 0
    for key in keys:
        for read in (sha256, probe, decode):
            file = Ranges(client, bucket, key, block)
            read(file)
            fetched += file.fetched
    return fetched


def once(settings: S3Settings, bucket: str, keys: dict[str, str], scratch: Path) -> int:
    """The same of a copy in the spool."""
    fetched = 0
    for key, content in keys.items():
        for read in (sha256, probe, decode):
            with local_copy(f"s3://{bucket}/{key}", settings, scratch, content) as path:
                if read is sha256:
                    fetched += path.stat().st_size
                    with path.open("rb") as file:
                        sha256(file)
                else:
                    read(str(path))
    return fetched


def main() -> None:
    """Run by the command line's options."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=20, help="Length of each film.")
    options.add_argument("--films", type=int, default=3)
    options.add_argument("--waits", type=int, nargs="+", default=[0, 20, 100], help="Milliseconds before each answer.")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="s3-reading-") as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        set_keys(patch)
        with served(folder / "server") as server:
            direct, url, bucket = server.access.client, str(server.settings.endpoint_url), server.bucket
            keys: dict[str, str] = {}
            for number in range(chosen.films):
                film = folder / f"{number}.mp4"
                noise = (
                    f"testsrc2=size=1280x720:rate=25:duration={chosen.seconds},noise=alls=12:allf=t:all_seed={number}"
                )
                # The index stands at the end, as cameras write it.
                ffmpeg(
                    "-f", "lavfi", "-i", noise, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", film
                )
                direct.upload_file(str(film), bucket, film.name)
                told = direct.head_object(Bucket=bucket, Key=film.name)
                keys[film.name] = f"etag:{told['ETag'].strip(chr(34))}:{told['ContentLength']}"
            size = sum(int(content.rpartition(":")[2]) for content in keys.values()) / MIB
            print(f"{chosen.films} films, {size:.0f} MiB. Each read three times.\n")
            print("| wait before each answer, ms | how | GETs | MiB fetched over MiB there are | wall s |")
            print("| --- | --- | --- | --- | --- |")
            for wait in chosen.waits:
                for how in ("fetched once", "ranges of 1 MiB", "ranges of 8 MiB"):
                    with faulty(url, wait_s=wait / 1000) as way:
                        began = time.perf_counter()
                        if how == "fetched once":
                            fetched = once(way.settings(), bucket, keys, folder / f"spool-{wait}")
                        else:
                            block = MIB * int(how.split()[2])
                            fetched = by_ranges(open_s3(way.settings()).client, bucket, list(keys), block)
                        wall = time.perf_counter() - began
                        gets = sum(way.gets("").values())
                    print(f"| {wait} | {how} | {gets} | {fetched / MIB / size:.2f} | {wall:.1f} |", flush=True)


if __name__ == "__main__":
    main()
