"""Who captions which clips, and which of these captions are still to be written.

Each clip is drawn to one captioner by weighted rendezvous hashing (Thaler and Ravishankar 1998): every captioner has a
number for every clip that hangs on the two of them and the seed alone, and the smallest of these, by shares, wins. So a
changed share moves only the clips that it must, and another captioner's clips stay with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from video_assets.describe.endpoint import address
from video_assets.lake.again import parameters, tried_again_sql
from video_assets.lake.lake import Lake
from video_assets.lake.plan import Expected
from video_assets.lake.versions import code_version
from video_assets.settings import CaptionerSettings, CaptionSettings, EndpointSettings

_WHO = {"captioner": pl.String, "share": pl.Float64, "version": pl.String}


def base_version(column: str) -> str:
    """SQL for a caption's version without the number of its writing."""
    return f"split_part({column}, '.', 1)"


def captioner_version(captioner: CaptionerSettings, code: str, keyframes: str) -> str:
    """Version of a captioner: everything on which its words hang.

    The same model at another address, the same weights in another folder, are the same, as is another concurrency or
    price.

    Args:
        captioner: its settings.
        code: raised by hand when the same settings would give other captions.
        keyframes: version of the decode that kept the pictures; no matter where none is shown.
    """
    if captioner.kind == "measured":
        return code_version(code, {})
    chosen = captioner.model_dump(include={"kind", "prompt", "frames", "seed", "temperature", "max_tokens"})
    weights = ""
    if captioner.kind == "local":
        chosen |= {"longest_field": captioner.longest_field}
        weights = captioner.weights_sha256
    return code_version(code, chosen | {"keyframes": keyframes}, {"model": weights or captioner.model})


def described(captioner: CaptionerSettings) -> dict[str, object]:
    """A captioner's settings for people; an address's secrets are left out."""
    told = captioner.model_dump(include={"name", "kind", "share", "model"})
    return told | {"at": address(captioner.base_url) if captioner.base_url else None}


@dataclass(frozen=True)
class CaptionWork:
    """Which captions are wanted.

    Attributes:
        settings: who captions, and by which shares.
        versions: each captioner's version, by name.
        tiers: the tiers that need captions.
        limits: the settings of the limits at which a captioner may fail, as ``limited_by`` names them.
    """

    settings: CaptionSettings
    versions: Mapping[str, str]
    tiers: tuple[str, ...]
    limits: tuple[str, ...] = ()

    @cached_property
    def parameters(self) -> dict[str, object]:
        """What decides on the captions as a whole: who writes which, by which version."""
        who = {c.name: (self.versions[c.name], c.share) for c in self.settings.captioners}
        sure = self.settings.least_camera_confidence
        return {"captioners": who, "seed": self.settings.seed, "tiers": self.tiers, "camera": sure}

    def drawn(self, lake: Lake, batches: Sequence[str] | None = None, *, undecided: bool = False) -> pl.DataFrame:
        """The clips that a tier that needs captions keeps or leaves undecided, and the captioner of each.

        Args:
            lake: the lake.
            batches: only these; default all.
            undecided: with all clips of batches on which these tiers have said nothing yet.

        Returns:
            batch, clip_id, video_id, duration_s, captioner and version.
        """
        return self._ask(lake, f"WITH {self._drawn(undecided)} FROM drawn ORDER BY clip_id", batches)

    def due(self, lake: Lake, batches: Sequence[str] | None = None, *, undecided: bool = False) -> pl.DataFrame:
        """Of the same, those without a caption of this version, be it a good one or one that failed for good."""
        return self._ask(lake, f"WITH {self._drawn(undecided)}, {_DUE} FROM due ORDER BY clip_id", batches)

    def expected(self, lake: Lake, batches: Sequence[str] | None = None) -> dict[str, Expected]:
        """What each batch would be asked for, at what its captioners have taken for a caption so far.

        Args:
            lake: the lake.
            batches: only these; default all.
        """
        due = self.due(lake, batches, undecided=True)
        if due.is_empty():
            return {}
        rates = {row["captioner"]: row for row in lake.query(_RATES).iter_rows(named=True)}
        who = {c.name: c for c in self.settings.captioners}
        counted = due.group_by("batch", "captioner").agg(pl.len().alias("rows"), pl.col("duration_s").sum())
        found: dict[str, Expected] = {}
        for batch, name, rows, seconds in counted.sort("batch", "captioner").iter_rows():
            cost, usd = _rate(who[name], rates.get(name))
            part = Expected(rows, seconds / 3600, _times(rows, cost), _times(rows, usd))
            found[batch] = _together(found[batch], part) if batch in found else part
        return found

    def _ask(self, lake: Lake, sql: str, batches: Sequence[str] | None) -> pl.DataFrame:
        who = [(c.name, c.share, self.versions[c.name]) for c in self.settings.captioners if c.share > 0]
        given = {"batches": batches, "tiers": list(self.tiers), "seed": self.settings.seed, **parameters(self.limits)}
        used = {name: value for name, value in given.items() if f"${name}" in sql}
        with lake.cursor() as cursor:
            frame = pl.DataFrame(who, schema=_WHO, orient="row")
            cursor.register("captioners", frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
            return cursor.execute(sql, used).pl()

    def _drawn(self, undecided: bool) -> str:
        return f"wanted AS ({_WANTED}{_UNDECIDED if undecided else ''}), {_DRAWN}"


_HERE = "($batches IS NULL OR c.batch IN (SELECT unnest($batches)))"
_WANTED = f"""
SELECT DISTINCT c.batch, c.clip_id, c.video_id, c.duration_s
FROM clips AS c JOIN tier_outcomes AS o ON o.batch = c.batch AND o.clip_id = c.clip_id
WHERE o.tier IN (SELECT unnest($tiers)) AND o.failed = 0 AND {_HERE}
"""
_UNDECIDED = f"""
UNION ALL
SELECT c.batch, c.clip_id, c.video_id, c.duration_s FROM clips AS c
WHERE len($tiers) > 0 AND {_HERE}
    AND c.batch NOT IN (SELECT batch FROM tier_outcomes WHERE tier IN (SELECT unnest($tiers)))
    -- A benchmark's clips are judged by no tier.
    AND c.video_id NOT IN (SELECT video_id FROM raw_videos WHERE benchmark IS NOT NULL)
"""
_DRAWN = """
drawn AS (
    SELECT w.*, s.captioner, s.version
    FROM (
        SELECT ANY_VALUE(w) AS w, arg_min(s, -ln((md5_number_upper(concat($seed, ' ', w.clip_id, ' ', s.captioner)) + 1.0)
            / 18446744073709551616.0) / s.share) AS s
        FROM wanted AS w CROSS JOIN captioners AS s GROUP BY w.batch, w.clip_id
    )
)"""
_DUE = f"""
due AS (
    SELECT d.* FROM drawn AS d
    LEFT JOIN captions AS k ON k.batch = d.batch AND k.clip_id = d.clip_id AND k.captioner = d.captioner
        AND {base_version("k.version")} = d.version AND NOT k.withdrawn
        AND NOT {tried_again_sql("k")}
    WHERE k.clip_id IS NULL
)"""
_RATES = """
SELECT
    captioner,
    avg(coalesce(compute_seconds, 0) + coalesce(gpu_seconds, 0)) AS seconds,
    avg(coalesce(waited_seconds, 0)) AS waited,
    avg(input_tokens) AS input_tokens,
    avg(output_tokens) AS output_tokens
FROM captions
GROUP BY captioner
"""


def _rate(captioner: CaptionerSettings, found: Mapping[str, float | None] | None) -> tuple[float | None, float | None]:
    """Seconds and price of one caption, as far as they are known; an endpoint's waits go side by side."""
    if found is None:
        return None, None
    seconds = float(found["seconds"] or 0) + float(found["waited"] or 0) / captioner.concurrency
    return seconds, price(captioner, found["input_tokens"], found["output_tokens"])


def price(asked: EndpointSettings, input_tokens: float | None, output_tokens: float | None) -> float | None:
    """What so many tokens cost, in USD; None where a price or a count is missing."""
    read, written = asked.usd_per_million_input_tokens, asked.usd_per_million_output_tokens
    if read is None or written is None or input_tokens is None or output_tokens is None:
        return None
    return (read * input_tokens + written * output_tokens) / 1e6


def _times(rows: int, each: float | None) -> float | None:
    return None if each is None else rows * each


def _together(one: Expected, other: Expected) -> Expected:
    seconds, usd = _plus(one.cost_seconds, other.cost_seconds), _plus(one.usd, other.usd)
    return Expected(one.rows + other.rows, one.hours + other.hours, seconds, usd)


def _plus(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else one + other
