"""The receipt of a takedown: what was removed, what was looked at, what was found, and what nobody can look at.

It has hashes and counts, and no name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from video_assets.takedown.match import Video
from video_assets.takedown.proof import RECEIPTS, Looked

NOT_LOOKED_AT = (
    "The files of the footage itself, their sidecars and manifests: they are not the lake's; remove them where they are. The same bytes are refused.",
    "Copies that were made outside the lake: exports, trainers' folders, releases that were copied.",
    "Backups of the lake, of its catalog and of Dagster's records, and snapshots of the disks they are on.",
    "What a disk or an object store keeps of deleted files until it writes over them; write-ahead logs and archives of database servers.",
    "Caches of readers and browsers, terminals, and logs of other programs.",
    "Centres of concepts that were fitted with the clips' vectors, and whatever was trained on the clips: no clip can be taken out of them.",
    "Footage in the lake that looks like it and has other bytes: 'video-assets takedown --like FILE' finds it. What comes from now on is compared, and refused where it is a copy.",
)


@dataclass(frozen=True)
class Receipt:
    """A takedown, as it is told.

    Attributes:
        takedown: its number.
        asked_at: when it was asked for.
        written_at: when everything had been read.
        asked_by: by what the footage was named.
        videos: their ids and hashes.
        reached: how many of what.
        rows: rows that were removed, by table.
        removed: files and values that were removed or changed, by what they are.
        looked: the looks.
        due: batches that have to be made anew in part.
        not_looked_for: names that other footage has too, or of a few letters: they were not looked for inside of texts.
        not_told: what could not be looked at here.
        still_to_do: what a person has to do.
        held_until: until when what cannot be undone waits, or waited; None: it did not wait.
        called_off_at: when it was called off while it waited; None: it was not.
    """

    takedown: str
    asked_at: datetime
    written_at: datetime
    asked_by: str
    videos: Sequence[Video]
    reached: Mapping[str, int]
    rows: Mapping[str, int]
    removed: Mapping[str, int]
    looked: Sequence[Looked]
    due: Sequence[str]
    not_looked_for: int
    not_told: Sequence[str] = field(default=())
    still_to_do: Sequence[str] = field(default=())
    held_until: datetime | None = None
    called_off_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether what cannot be undone waits still: nothing was read yet."""
        return not self.looked

    @property
    def hits(self) -> int:
        """How often something was found."""
        return sum(look.hits for look in self.looked)

    @property
    def path(self) -> str:
        """Where the receipt is, from the lake's root on, without its ending."""
        return f"{RECEIPTS}/{self.asked_at:%Y-%m-%d}-{self.takedown}"

    @property
    def as_json(self) -> str:
        said = asdict(self) | {
            "asked_at": self.asked_at.isoformat(), "written_at": self.written_at.isoformat(),
            "held_until": self.held_until.isoformat() if self.held_until else None,
            "called_off_at": self.called_off_at.isoformat() if self.called_off_at else None,
            "videos": [video._asdict() for video in self.videos], "hits": self.hits,
            "not_looked_at": [*self.not_told, *NOT_LOOKED_AT],
        }  # fmt: skip
        del said["not_told"]
        return json.dumps(said, indent=2, sort_keys=True) + "\n"

    @property
    def _result(self) -> str:
        if self.called_off_at:
            return (
                f"**Called off on {_minute(self.called_off_at)}**, before anything was destroyed. It is refused no more, and "
                "releases have their clips again; what was measured of it is measured anew by 'video-assets curate'."
            )
        if self.waits and self.held_until:
            return (
                f"Refused, and out of all tables and lists, on {_minute(self.written_at)}. **Shards, files and older versions "
                f"are held until {_minute(self.held_until)}**: 'video-assets takedown --finish' destroys them after it."
            )
        result = "nothing of it was found" if not self.hits else f"something was found {self.hits} times"
        held = (
            f"Shards, files and older versions were held until {_minute(self.held_until)}. " if self.held_until else ""
        )
        return f"{held}Everything was read until {_minute(self.written_at)}: **{result}**."

    @property
    def as_text(self) -> str:
        """The same for people, as Markdown."""
        lines = [
            f"# Takedown {self.takedown}",
            "",
            f"Asked for on {_minute(self.asked_at)}, by {self.asked_by}. {self._result}",
            "",
            "## Removed",
            *(f"- {count} {what}" for what, count in [*self.reached.items(), *self.removed.items()] if count),
            *(f"- {count} rows of {table}" for table, count in self.rows.items()),
            "",
            "Videos, by the SHA-256 of their bytes:",
            *(f"- {video.sha256 or f'{video.video_id} (the bytes were never read)'}" for video in self.videos),
            "",
            "## Looked at",
            *(["- Nothing yet."] if self.waits else []),
            *(f"- {look.at}: {look.files} files, {look.size_bytes} bytes, {look.hits} hits" for look in self.looked),
            *(f"  - in {where}" for look in self.looked for where in look.where),
            "",
            "## Not looked at",
            *(f"- {what}" for what in (*self.not_told, *NOT_LOOKED_AT)),
        ]
        if self.not_looked_for:
            lines.append(
                f"- {self.not_looked_for} names that other footage has too, or of less than 6 letters: inside of texts they say nothing of this footage."
            )
        if self.due or self.still_to_do:
            lines += ["", "## Still to do", *(f"- {what}" for what in self.still_to_do)]
            lines += [f"- Groups changed in {batch}; 'video-assets curate' decides it anew." for batch in self.due]
        return "\n".join(lines) + "\n"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
