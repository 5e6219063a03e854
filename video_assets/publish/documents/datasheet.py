"""A datasheet (Gebru et al. 2021, "Datasheets for Datasets"): its seven sections, as Markdown with tables and plots."""

from __future__ import annotations

import polars as pl

from video_assets.publish.documents.facts import Facts
from video_assets.publish.documents.statements import MISSING, Statements
from video_assets.reports import histogram, inline, parts

_ROWS = 20
# Of what clips are spread over: heading and unit.
_SPREAD = {
    "duration_s": ("Durations", "s"), "min_side": ("Shorter sides", "px"), "aspect": ("Aspect ratios", "width/height"),
    "technical_quality": ("Technical quality", "of 1"), "classical_appeal": ("Appeal", "of 1"), "sharpness": ("Sharpness", "variance of the Laplacian"),
    "vmaf_motion": ("Motion", "VMAF motion"),
}  # fmt: skip
_DRAWN = ("licence", "concept")
_TITLES = {
    "licence": "Licences", "holder": "Holders", "acquired_how": "Ways of acquisition", "domain": "Domains", "split": "Splits",
    "bucket": "Buckets of size and length", "camera_motion": "Camera motion, as captions say it", "captioner": "Captioners",
    "concept": "Concepts: clusters of what is shown, by number",
}  # fmt: skip


def datasheet(facts: Facts, said: Statements, credential: str | None = None) -> str:
    """The whole sheet; ``credential`` is the file by which the release is signed."""
    row = facts.row
    people = MISSING if facts.with_people is None else f"{facts.with_people:,} clips show a face or a person."
    period = " to ".join(facts.acquired) if facts.acquired else MISSING
    media = "none; the manifest names source, span and crop" if row["media_id"] is None else (
        f"{row['shards']:,} WebDataset shards, {row['media_bytes']:,} bytes; {row['not_cut']:,} clips could not be cut"
    )  # fmt: skip
    breakdowns = "\n\n".join(f"### {_TITLES[of]}\n\n{_told(rows, of)}" for of, rows in facts.by.items())
    spreads = "\n\n".join(
        f"### {_SPREAD[of][0]}\n\n{inline(histogram(facts.spread[of], _SPREAD[of][1]))}" for of in facts.spread.columns
    )
    stages = "\n".join(
        f"{n}. `{rule}`: {source or 'no source is named'} ({clips:,} clips dropped)"
        for n, (rule, source, clips) in enumerate(facts.stages.select("rule", "source", "clips").iter_rows(), 1)
    )
    refused = "\n".join(
        f"- `{rule}`: {clips:,} clips, {hours:.4g} h" for rule, clips, hours in facts.refused.iter_rows()
    )
    return f"""# Datasheet: {said.title or facts.name}

Release `{row["release_id"]}` of {facts.made_on}, made by video_assets {row["made_by"]}. What the lake cannot know is marked as missing where
nobody has stated it.

## Motivation
{said.said("purpose")} Made by: {said.said("creator")}

## Composition
- {row["clips"]:,} clips, {facts.hours:.4g} h, of {facts.sources:,} source videos.
- Clips last {facts.lengths[0]:.3g} to {facts.lengths[1]:.3g} s; the shorter side has {facts.sizes[0]} to {facts.sizes[1]} pixels.
- {row["without_caption"]:,} clips have no caption. {people}
- Media: {media}.
- A part of a larger set: of what the tier {row["tier"]} keeps, {"the draw's clips" if row["drawn"] else "all"} that the policy {row["policy"]} lets through.

{spreads}

{breakdowns}

## Collection process
Acquired {period}. Reservations of rights: {said.said("opt_out_measures")}

The policy kept out {row["refused"]:,} clips ({row["refused_hours"]:.4g} h):
{refused or "- none"}

## Preprocessing, cleaning and labelling
Rules of {row["tier"]}, in their order:
{stages}

Measured by: {", ".join(f"{asset} {'/'.join(v)}" for asset, v in sorted(facts.header["measured_by"].items()))}.

## Uses
{said.said("uses")} Known biases and limits: {said.said("biases")}

## Distribution
{said.said("distribution")} Licence of the collection: {said.said("licence")}
{f"Signed with C2PA: `{credential}`." if credential else "It is not signed."}

## Maintenance
{said.said("maintenance")} A release never changes; `video-assets diff` tells two apart. Ethical review: {said.said("ethics")}
"""


def _told(rows: pl.DataFrame, of: str) -> str:
    plot = inline(parts(rows.select(of, "hours"), "hours")) + "\n\n" if of in _DRAWN else ""
    return plot + _table(rows, of)


def _table(rows: pl.DataFrame, of: str) -> str:
    shown = rows.head(_ROWS)
    lines = [f"| {of} | clips | videos | hours |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {_cell(value)} | {clips:,} | {videos:,} | {hours:.4g} |"
        for value, clips, videos, hours in shown.iter_rows()
    ]
    if rows.height > _ROWS:
        lines.append(
            f"| {rows.height - _ROWS:,} others | {rows['clips'][_ROWS:].sum():,} | | {rows['hours'][_ROWS:].sum():.4g} |"
        )
    return "\n".join(lines)


def _cell(value: object) -> str:
    """A text that breaks no table and is no markup: holders and licences are what people have written."""
    plain = " ".join(str(value).split())
    for mark in "\\`*_[]<>|":
        plain = plain.replace(mark, f"\\{mark}" if mark not in "<>" else ("&lt;" if mark == "<" else "&gt;"))
    return plain
