"""Shards with a clip taken out in place: every other member keeps its bytes and its offset.

The clip's members become zeros under a name that readers of WebDataset pass over, as it begins with a point. So an index
stays true, and only the shard's hash is another.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Collection
from pathlib import Path

from video_assets.publish.shards import member

_ZEROS = bytes(1 << 20)


def blank(source: Path, target: Path, clips: Collection[str]) -> int:
    """Copy a shard without the contents of some clips.

    Args:
        source: the shard, which stays as it is.
        target: the copy, of the same length.
        clips: ids, the keys of their members.

    Returns:
        How many members were blanked.

    Raises:
        ValueError: a member has more than one header; no shard of ours has.
    """
    with tarfile.open(source) as tar:
        gone = [found for found in tar if found.name.partition(".")[0] in clips]
    shutil.copyfile(source, target)
    with target.open("r+b") as file:
        for found in gone:
            if found.offset_data - found.offset != tarfile.BLOCKSIZE:
                raise ValueError(f"{source.name} has extended headers and is no shard of ours; it was left as it is.")
            header = member(f".tombstone.{found.name.partition('.')[2]}", found.size)
            file.seek(found.offset)
            file.write(header.tobuf(tarfile.USTAR_FORMAT))
            left = found.size
            while left:
                left -= file.write(_ZEROS[:left])
    return len(gone)
