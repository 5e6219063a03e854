"""The page: one HTML file with nothing outside it but the videos that it may play."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from video_assets.look.choice import Choice
from video_assets.look.seen import Seen, Verdict


def page(choice: Choice, seen: Sequence[Seen]) -> str:
    """An HTML page of some clips.

    Args:
        choice: which clips they are.
        seen: what there is to see of them, in the order to show.
    """
    title, found = choice.title, choice.found
    most = f"The first {len(seen):,} of {found:,} clips." if found > len(seen) else f"{_count(found, 'clip')}."
    playable = sum(s.plays is not None for s in seen)
    plays = f" {_count(playable, 'clip')} can be played: press play, and the span is played." if playable else ""
    cards = "\n".join(_card(s, choice.tier) for s in seen) or "<p>There is nothing to look at.</p>"
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style></head>\n<body>\n"
        f"<header><h1>{escape(title)}</h1><p>{most}{plays}</p></header>\n<main>\n{cards}\n</main>\n</body></html>\n"
    )


def _card(seen: Seen, tier: str | None) -> str:
    clip = seen.clip
    of_tier = "".join(f'<p class="verdict {v.verdict}">{_said(v)}</p>' for v in seen.verdicts if v.tier == tier)
    digits, name = str(clip["clip_id"]), str(clip["file_name"])
    span = f"{_clock(clip['player_start_s'])} to {_clock(clip['player_end_s'])}"
    facts = (
        f"{span} · {clip['duration_s']:.1f} s · {clip['crop_width']} x {clip['crop_height']} · {clip['fps']:.4g} fps"
    )
    benchmark = f" · benchmark {escape(str(clip['benchmark']))}" if clip.get("benchmark") else ""
    return (
        f'<article aria-labelledby="c{digits}">\n<h2 id="c{digits}">{escape(name)}</h2>\n'
        f'<p class="facts"><code>{digits}</code><br>{facts}{benchmark}</p>\n'
        f"{of_tier}{_strip(seen)}\n{_verdicts(seen.verdicts)}\n{_values(seen)}\n</article>"
    )


def _strip(seen: Seen) -> str:
    name = escape(str(seen.clip["file_name"]))
    pictures = "".join(
        f'<img loading="lazy" alt="{name} at {second:.1f} s of the clip" title="{second:.1f} s" src="data:image/jpeg;base64,'
        f'{base64.b64encode(jpeg).decode()}">'
        for second, jpeg in seen.pictures
    )
    if seen.plays:
        # Nothing is read before somebody presses play; until then the first picture stands for the video.
        label = f"{name}, {_clock(seen.clip['player_start_s'])} to {_clock(seen.clip['player_end_s'])}"
        first = base64.b64encode(seen.pictures[0][1]).decode() if seen.pictures else ""
        poster = f' poster="data:image/jpeg;base64,{first}"' if first else ""
        shape = f"aspect-ratio:{seen.clip['width']}/{seen.clip['height']}"
        pictures += (
            f'<video controls muted playsinline preload="none" style="{shape}" aria-label="{label}"{poster} '
            f'src="{escape(seen.plays)}"></video>'
        )
    return f'<div class="strip">{pictures or "<p>No keyframe lies inside the clip.</p>"}</div>'


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return '<p class="none">No tier has judged it.</p>'
    items = "".join(f'<li class="{v.verdict}">{_said(v, escape(v.tier))}</li>' for v in verdicts)
    kept = sum(v.verdict == "kept" for v in verdicts)
    opened = " open" if len(verdicts) <= 3 else ""
    return f"<details{opened}><summary>Kept by {kept} of {_count(len(verdicts), 'tier')}</summary><ul>{items}</ul></details>"


def _said(verdict: Verdict, tier: str = "") -> str:
    by = f" <span>by {escape(verdict.decided_by)}</span>" if verdict.decided_by else ""
    return f"<b>{verdict.verdict}</b> {tier}{by}"


def _values(seen: Seen) -> str:
    values: Mapping[str, Any] = {**seen.answers, **seen.scores}
    pairs = "".join(f"<div><dt>{escape(n)}</dt><dd>{escape(_written(v))}</dd></div>" for n, v in values.items())
    return f"<dl>{pairs}</dl>" if pairs else ""


def _written(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.3g}" if 1e-4 <= abs(value) < 1e6 else f"{value:,.5f}".rstrip("0").rstrip(".")
        case list():
            return ", ".join(_written(v) for v in value)
        case {"subject": subject, "probability": probability}:
            return f"{subject} ({_written(probability)})"
        case _:
            return str(value)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0.0, seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:05.2f}" if hours else f"{minutes}:{rest:05.2f}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


_STYLE = """
:root{color-scheme:light dark;--line:#d5d5de;--soft:#f5f5f9;--dim:#5c5c6b;--kept:#146c2e;--dropped:#9b1c1c;--undecided:#7a5200}
@media(prefers-color-scheme:dark){:root{--line:#3d3d49;--soft:#22222a;--dim:#a9a9b8;--kept:#6fd08c;--dropped:#ff9b9b;--undecided:#f0c060}}
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:1240px}
h1{font-size:1.3rem;margin:.2em 0;overflow-wrap:anywhere}header p{color:var(--dim);margin:.2em 0 1em}
article{border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem;margin:0 0 1rem}
h2{font-size:1rem;margin:0;overflow-wrap:anywhere}
.facts,.none{color:var(--dim);margin:.2em 0 .6em;font-size:.88rem}.facts code{user-select:all;overflow-wrap:anywhere}
.strip{display:flex;flex-wrap:wrap;gap:4px;align-items:flex-start}
.strip img,.strip video{height:110px;width:auto;max-width:100%;border-radius:3px;background:var(--soft)}
.strip video{object-fit:contain}.verdict{margin:.2em 0 .5em}.verdict span{color:var(--dim)}
details{margin:.6em 0}summary{cursor:pointer}
ul{list-style:none;margin:.4em 0 0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,27rem),1fr));gap:2px 1rem}
li{overflow-wrap:anywhere}li b{display:inline-block;min-width:5.2em}li span{color:var(--dim)}
.kept b{color:var(--kept)}.dropped b{color:var(--dropped)}.undecided b{color:var(--undecided)}
dl{display:flex;flex-wrap:wrap;gap:2px 1.4rem;margin:.6em 0 0;font-size:.88rem}dl div{display:flex;gap:.4em;min-width:0}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
"""
