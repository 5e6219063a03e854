"""What the page's handlers share, and what goes on beside them: the fold of the journal into the lake."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from video_assets.curate.tiers import Tier
from video_assets.lake.lake import Lake
from video_assets.review.asking import Asked, Asking
from video_assets.review.clips import Clip, copied, found, is_there, with_source
from video_assets.review.copies import Copies
from video_assets.review.embedding_map import Plane, Sample, plane, sample
from video_assets.review.encoded import Encoded
from video_assets.review.fold import fold
from video_assets.review.guard import secret_of, word
from video_assets.review.journal import FILE, Journal, now
from video_assets.review.margins import queue
from video_assets.review.noting import Noting
from video_assets.review.numbers import Places
from video_assets.review.playing import why_not
from video_assets.review.questions import Questions, read_questions
from video_assets.review.queue import Judged, Order, Queue
from video_assets.review.recent import Recent
from video_assets.review.selection import Selection, as_query

_CLIPS_KEPT, _PICTURES_KEPT = 20_000, 4_000
_REFUSALS_A_SECOND = 20
_RENEW_S = 2.0
"""So often it is looked whether the lake is another than pages show."""
_RESTS = 2
"""Between two copies of the sheet so many times as long as the last one took."""
_MOST_QUEUED = 1_000_000


class Review:
    """The page's state. Everything that must not be lost is in the journal.

    Args:
        lake: the lake.
        tiers: its tiers.
        rater: who judges where a browser has named nobody.
    """

    def __init__(self, lake: Lake, tiers: Mapping[str, Tier], rater: str) -> None:
        self.lake, self.tiers, self.rater = lake, tiers, rater
        self.settings = lake.settings.review
        self.questions: Questions = read_questions(self.settings.questions)
        self.asking = Asking(lake)
        self.copies = Copies(lake, self.asking)
        self.copies.renew()  # before any thread works with the lake
        self.journal = Journal(lake.settings.lake.scratch_path / FILE)
        self.secret = secret_of(lake.settings.lake.scratch_path / "review" / "secret")
        self.word = word(self.secret, "page")
        self.judged = Judged(self.asking, self.journal)
        self.queue = Queue(lake, self.journal, self.judged)
        self.encoded = Encoded(lake)
        self.places = Places(self.asking)
        self.pictures: Recent[bytes] = Recent(_PICTURES_KEPT)
        self._clips: Recent[Clip] = Recent(_CLIPS_KEPT)
        self._batches: Recent[list[str]] = Recent(1)
        self._sets: Recent[tuple[list[str], list[str]]] = Recent(1)
        self._maps: Recent[tuple[Plane, Sample]] = Recent(1)
        self.not_committed_since: str | None = None
        """Since when verdicts cannot be committed to the lake; None: they can."""
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._not_renewed = False
        self._rests_until = float("-inf")
        self.noting = Noting(self.journal)
        self._refusals: list[float] = []
        self._unsaid = 0
        self._refusing = threading.Lock()

    @property
    def batches(self) -> list[str]:
        """The lake's batches, as they were within the last minute."""

        def make() -> list[str]:
            with self.asking.look() as asked:
                rows = asked.rows("SELECT DISTINCT batch FROM clips ORDER BY batch LIMIT 2000")
            return [row["batch"] for row in rows]

        return self._batches.get("", make) or []

    def sets(self, asked: Asked) -> tuple[list[str], list[str]]:
        """The releases, and the tiers from which clips are drawn, as they were within the last minute."""

        def make() -> tuple[list[str], list[str]]:
            releases = asked.rows("SELECT release FROM releases ORDER BY release LIMIT 200")
            draws = asked.rows("SELECT DISTINCT tier FROM draws ORDER BY tier")
            return [r["release"] for r in releases], [d["tier"] for d in draws]

        return self._sets.get("", make) or ([], [])

    def map(self, asked: Asked) -> tuple[Plane, Sample] | None:
        """The plane of the map and clips on it, as they were within the last minute; None where there is no plane."""

        def make() -> tuple[Plane, Sample] | None:
            made = plane(asked)
            return None if made is None else (made, sample(asked, made))

        return self._maps.get("", make)

    def clip(self, clip_id: str) -> Clip | None:
        """A clip by its id; None where there is none."""
        with self.asking.look() as asked:
            return self.clips(asked, [clip_id]).get(clip_id)

    def clip_now(self, clip_id: str) -> Clip | None:
        """The same if the lake has it at this moment, for what is written down of it: it may have been taken down just now."""
        with self.asking.look() as asked:
            clip = self.clip(clip_id)
            if clip is None or is_there(asked, clip):
                return clip
            # It may have come to another batch.
            return found(asked, [clip_id]).get(clip_id)

    def clips(self, asked: Asked, wanted: Collection[str]) -> dict[str, Clip]:
        """Several clips by their ids; those that there are."""
        copy = self.asking.copy
        known = {c: clip for c in wanted if (clip := self._clips.get((copy, c), lambda: None)) is not None}
        if missing := [c for c in wanted if c not in known]:
            read = copied(asked, missing)
            # What came since the copy was made, and what nobody has measured.
            if left := [c for c in missing if c not in read]:
                read |= found(asked, left)
            self.keep(read.values(), copy)
            known |= read
        gone = self.asking.gone
        return {c: clip for c, clip in known.items() if clip.video_id not in gone}

    def keep(self, clips: Iterable[Clip], copy: Path | None) -> None:
        """Know clips for the next minute, and no longer than the copy is shown by which they were found."""
        for clip in clips:
            self._clips.keep((copy, clip.clip_id), clip)

    def source_of(self, clip: Clip) -> Clip:
        """The same clip with where its source is."""
        with self.asking.look() as asked:
            return with_source(asked, clip)

    def player(self, clip: Clip) -> dict[str, Any]:
        """What a page needs to play a clip: times in s of its media, and the crop in pixels."""
        why = why_not(clip)
        own = why is None
        crop = [clip.crop_x, clip.crop_y, clip.crop_width, clip.crop_height, clip.width, clip.height]
        return {
            "clip_id": clip.clip_id,
            "file_name": clip.file_name,
            "media": f"/media/{clip.clip_id}",
            "own": own,
            "why": why,
            "start": max(0.0, clip.player_start_s) if own else 0.0,
            "end": clip.player_end_s if own else clip.duration_s,
            "crop": crop if own else [0, 0, clip.crop_width, clip.crop_height, clip.crop_width, clip.crop_height],
            "fps": clip.fps,
            "duration": clip.duration_s,
            "start_pts": str(clip.start_pts),
            "end_pts": str(clip.end_pts),
            "base": [clip.time_base_num, clip.time_base_den],
        }

    def queued(self, selection: Selection) -> Order:
        """The clips of a queue in the order in which they are to be judged: of a tier by its thresholds, else by their ids."""

        def make() -> list[str]:
            plain = unsorted(selection)
            tier = self.tiers.get(selection.tier)
            with self.asking.look() as asked:
                if tier is not None and plain == Selection(tier=selection.tier, first=selection.first):
                    return queue(asked, self.asking, tier, self.settings.near, rare=selection.first == "rare")
                query = as_query(plain, self.asking)
                # Ids are hashes: their order is an even mix of sources.
                found = asked.frame(
                    f"SELECT s.clip_id {query.source} ORDER BY s.clip_id LIMIT {_MOST_QUEUED}", query.parameters
                )
                return found["clip_id"].to_list()

        # Of another copy, or where more was taken down, it is another order.
        state = str(self.asking.copy), *sorted(self.asking.gone)
        return self.queue.order(" ".join((*state, unsorted(selection).address())), make)

    def refused(self, address: str, what: str, why: str) -> None:
        """Have it noted in the audit trail that something was refused; of very many in a second, how many. It waits for nothing."""
        with self._refusing:
            moment = time.monotonic()
            self._refusals = [at for at in self._refusals if at > moment - 1]
            if len(self._refusals) >= _REFUSALS_A_SECOND:
                self._unsaid += 1
                return
            self._refusals.append(moment)
            unsaid, self._unsaid = self._unsaid, 0
        said = f"{what}: {why}" + (f" ({unsaid} more before)" if unsaid else "")
        if not self.noting.put(address, said):
            with self._refusing:
                self._unsaid += unsaid + 1

    def fold(self) -> int:
        """Commit to the lake what the journal alone has; how many verdicts that were."""
        return fold(self.lake, self.journal)

    def _fold_or_say(self) -> None:
        """Fold; that it fails is noted when it begins to, and shown until it is over. Whatever happens, the next round tries again."""
        try:
            self.fold()
        except Exception as error:  # The verdicts are safe in the journal.
            said = f"{type(error).__name__}: {error}"[:500]
            action = "not committed" if self.not_committed_since is None else None
            self.not_committed_since = self.not_committed_since or now()
        else:
            action, said = ("committed again" if self.not_committed_since is not None else None), ""
            self.not_committed_since = None
        if action is not None:
            # A full disk is a reason for both.
            with suppress(sqlite3.Error):
                self.journal.note(action, None, "", None, said)

    def _renew_or_say(self) -> None:
        """Have pages ask of the lake as it is now. That it fails is noted when it begins to; the next round tries again."""
        began = time.monotonic()
        tried = True
        try:
            tried = self.copies.renew(make=began > self._rests_until)
            self._not_renewed = False
        except Exception as error:  # Pages are answered from the state before.
            if not (self._not_renewed or self._stopped.is_set()):
                with suppress(sqlite3.Error):
                    self.journal.note("not renewed", None, "", None, f"{type(error).__name__}: {error}"[:500])
            self._not_renewed = True
        if tried:
            # While a lake is curated its copy would be made all the time.
            self._rests_until = time.monotonic() + _RESTS * (time.monotonic() - began)

    def start(self) -> None:
        """Begin to fold, and to follow the lake, in the background; what an earlier server has left is folded first."""

        def repeat(do: Callable[[], None], seconds: float) -> None:
            while not self._stopped.is_set():
                do()
                self._stopped.wait(seconds)

        rounds = {"fold": (self._fold_or_say, self.settings.fold_seconds), "renew": (self._renew_or_say, _RENEW_S)}
        for name, what in rounds.items():
            thread = threading.Thread(target=repeat, args=what, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End, with everything in the lake that can be."""
        self._stopped.set()
        self.copies.stop()
        if self._threads:
            while self._threads:
                self._threads.pop().join()
            self.noting.wait()
            self.fold()


def unsorted(selection: Selection) -> Selection:
    """The clips of a selection, whatever their order and the page."""
    return selection.model_copy(update={"sort": "clip_id", "order": "asc", "after": ""})
