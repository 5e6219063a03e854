"""Pictures and tables for a person: histograms and contact sheets as Markdown with inline images."""

from __future__ import annotations

import base64
import html
import re
import statistics
from collections.abc import Iterator, Sequence
from itertools import chain, repeat

import polars as pl

from video_assets.curate.coverage import Coverage
from video_assets.lake.lake import Lake
from video_assets.written import number

_WIDTH, _HEIGHT, _PAD, _FOOT = 560, 150, 8, 34


def histogram(values: pl.Series, unit: str, bins: int = 24) -> str:
    """A histogram of the values that are not NULL, as an inline SVG image; a sentence when there are none.

    Args:
        values: numbers.
        unit: what the axis counts, for the caption.
        bins: most bars.
    """
    known = values.drop_nulls().cast(pl.Float64).drop_nans()
    missing = values.len() - known.len()
    if known.is_empty():
        return f"No values ({missing} missing)."
    numbers = known.to_list()
    low, high = min(numbers), max(numbers)
    width = (high - low) / bins or 1.0
    slots = ((known - low) / width).floor().clip(0, bins - 1).cast(pl.Int32)
    counts = dict(slots.value_counts().iter_rows())
    tallest, step = max(counts.values()), (_WIDTH - 2 * _PAD) / bins
    bars = "".join(
        f'<rect x="{_PAD + slot * step:.1f}" y="{_HEIGHT - count / tallest * (_HEIGHT - 20):.1f}" '
        f'width="{step - 1:.1f}" height="{count / tallest * (_HEIGHT - 20):.1f}" fill="#4f43dd"/>'
        for slot, count in sorted(counts.items())
    )
    caption = f"{known.len()} values{f', {missing} missing' if missing else ''}; median {number(statistics.median(numbers))} {unit}"
    text = 'font-family="sans-serif" font-size="12" fill="#555"'
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT + _FOOT}">'
        f'<rect width="100%" height="100%" fill="#fff"/>{bars}'
        f'<text x="{_PAD}" y="{_HEIGHT + 14}" {text}>{number(low)}</text>'
        f'<text x="{_WIDTH - _PAD}" y="{_HEIGHT + 14}" text-anchor="end" {text}>{number(high)}</text>'
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT + 28}" text-anchor="middle" {text}>{html.escape(caption)}</text>'
        f'<text x="{_PAD}" y="12" {text}>{tallest}</text></svg>'
    )
    return _image(svg.encode(), "image/svg+xml", caption)


def funnel(steps: pl.DataFrame) -> str:
    """A bar for what each rule leaves of all clips, as an inline SVG image; a line where a paper publishes its share.

    Args:
        steps: a funnel: ``rule``, ``clips_left``, and ``published`` (0-1, or NULL) where there is any.
    """
    everything = steps["clips_left"].max()
    if not isinstance(everything, int) or not everything:
        return "No clips."
    left, row, wide = 190, 20, _WIDTH - 190 - 60
    text = 'font-family="sans-serif" font-size="12" fill="#555"'
    drawn = []
    for place, step in enumerate(steps.iter_rows(named=True)):
        top, share = 4 + place * row, step["clips_left"] / everything
        drawn.append(
            f'<text x="{left - 8}" y="{top + 13}" text-anchor="end" {text}>{html.escape(step["rule"])}</text>'
            f'<rect x="{left}" y="{top}" width="{share * wide:.1f}" height="{row - 4}" fill="#4f43dd"/>'
            f'<text x="{left + share * wide + 5:.1f}" y="{top + 13}" {text}>{step["clips_left"]}</text>'
        )
        if (published := step.get("published")) is not None:
            at = left + published * wide
            drawn.append(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top - 1}" y2="{top + row - 3}" stroke="#d33" stroke-width="3"/>'
            )
    kept = steps["clips_left"][-1]
    caption = f"{kept} of {everything} clips are kept"
    if "published" in steps.columns:
        caption += "; red: the share that the paper publishes"
    high = 4 + steps.height * row
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{high + 20}">'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(drawn)}'
        f'<text x="{_WIDTH / 2}" y="{high + 13}" text-anchor="middle" {text}>{html.escape(caption)}</text></svg>'
    )
    return _image(svg.encode(), "image/svg+xml", caption)


def table(rows: pl.DataFrame) -> str:
    """A Markdown table; a sentence when it is empty."""
    if rows.is_empty():
        return "None."
    lines = ["| " + " | ".join(rows.columns) + " |", "|" + " --- |" * rows.width]
    for row in rows.iter_rows():
        lines.append("| " + " | ".join(_cell(v).replace("|", "\\|").replace("\n", " ") for v in row) + " |")
    return "\n".join(lines)


def contact_sheet(lake: Lake, clips: pl.DataFrame, columns: int = 4, most: int = 12) -> str:
    """The clips' pictures in a grid, each with its label, as one inline JPEG.

    Args:
        lake: where the keyframes are.
        clips: ``batch``, ``video_id``, ``start_pts``, ``end_pts`` and ``label``, in the order to show.
        columns: pictures in a row.
        most: most pictures; of more clips an even share is shown.
    """
    if clips.is_empty():
        return "No clips."
    shown = _some(clips, most)
    pictures = _middle_frames(lake, shown)
    if not pictures:
        return "No keyframes inside these clips."
    labels = shown["label"].to_list()
    sheet = _grid([(labels[place], jpeg) for place, jpeg in pictures.items()], columns)
    return _image(sheet, "image/jpeg", f"{len(pictures)} of {clips.height} clips")


def with_thumbnails(lake: Lake, clips: pl.DataFrame, rows: pl.DataFrame, most: int = 24) -> str:
    """A Markdown table with a small picture of the clip before each row.

    Args:
        lake: where the keyframes are.
        clips: ``batch``, ``video_id``, ``start_pts`` and ``end_pts`` of each row's clip.
        rows: what stands beside the pictures.
        most: most rows; of more an even share is shown.
    """
    shown = _some(clips, most)
    frames = _middle_frames(lake, shown) if shown.height else {}
    small = {place: _image(_thumbnail(jpeg), "image/jpeg", "clip") for place, jpeg in frames.items()}
    return table(_some(rows, most).select(pl.Series("clip", [small.get(n, "") for n in range(shown.height)]), pl.all()))


def _some(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """An even share of the rows, so many at most."""
    return rows.gather_every(max(1, -(-rows.height // most)))


def _middle_frames(lake: Lake, clips: pl.DataFrame) -> dict[int, bytes]:
    """The JPEG of the keyframe nearest to the middle of each clip that has any, by the clip's place."""
    with lake.cursor() as cursor:
        shown = clips.select("batch", "video_id", "start_pts", "end_pts").with_row_index("place")
        cursor.register("shown", shown.to_arrow(compat_level=pl.CompatLevel.oldest()))
        rows = cursor.execute(
            "SELECT s.place, first(k.jpeg ORDER BY abs(k.pts - (s.start_pts + s.end_pts) / 2)) AS jpeg "
            "FROM shown AS s JOIN (SELECT * FROM keyframes WHERE batch IN (SELECT unnest(?))) AS k ON k.video_id = s.video_id "
            "AND k.pts >= s.start_pts AND k.pts < s.end_pts GROUP BY s.place ORDER BY s.place",
            [sorted(set(shown["batch"]))],
        ).fetchall()
    return dict(rows)


def coverage(found: Coverage, shares: pl.DataFrame | None = None) -> str:
    """What a tier keeps, as Markdown with plots; ``shares`` is what a draw from it reaches of its mix."""
    lines = [table(found.totals)]
    if shares is not None:
        lines += ["### The mix that is drawn, against its targets", table(shares)]
    lines += [
        "### Durations",
        histogram(found.clips["duration_s"], "s"),
        "### Sizes",
        histogram(found.clips["min_side"], "px"),
    ]
    for heading, rows in found.breakdowns.items():
        lines += [f"### {heading}", table(rows)]
    return "\n\n".join(lines) + "\n"


def page(title: str, parts: Sequence[str | pl.DataFrame]) -> str:
    """One HTML file with nothing outside it: sentences, tables, and the images that the functions above make."""
    body = []
    for part in parts:
        if isinstance(part, pl.DataFrame):
            body.append(_html_table(part))
        elif found := _IMAGE.fullmatch(part):
            body.append(f'<p><img alt="{html.escape(found[1])}" src="{found[2]}"></p>')
        else:
            body.append(f"<p>{html.escape(part)}</p>")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
        f"<h1>{html.escape(title)}</h1>{''.join(body)}</html>\n"
    )


_IMAGE = re.compile(r"!\[(.*)\]\((data:[^)]*)\)", re.DOTALL)
_STYLE = (
    "body{font:14px sans-serif;margin:2em;max-width:60em}table{border-collapse:collapse}td,th{padding:2px 10px;text-align:right}"
    "td:first-child,th:first-child{text-align:left}tr:nth-child(even){background:#f2f2f7}"
)


def _html_table(rows: pl.DataFrame) -> str:
    lines = [[str(c) for c in rows.columns], *([_cell(v) for v in row] for row in rows.iter_rows())]
    cells = [
        "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in line) for tag, line in zip(_tags(), lines, strict=False)
    ]
    return "<table>" + "".join(f"<tr>{c}</tr>" for c in cells) + "</table>" if rows.height else "<p>None.</p>"


def _tags() -> Iterator[str]:
    return chain(["th"], repeat("td"))


def _cell(value: object) -> str:
    return number(value) if isinstance(value, float) else "" if value is None else str(value)


def _grid(pictures: Sequence[tuple[str, bytes]], columns: int, cell: tuple[int, int] = (200, 130)) -> bytes:
    import cv2
    import numpy as np

    wide, high = cell
    foot = 18
    sheet = np.full((-(-len(pictures) // columns) * (high + foot), columns * wide, 3), 255, np.uint8)
    for place, (label, jpeg) in enumerate(pictures):
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        if image is None:  # a keyframe that is not a picture leaves its place empty
            continue
        scale = min((wide - 4) / image.shape[1], (high - 4) / image.shape[0])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        top, left = place // columns * (high + foot), place % columns * wide
        y, x = top + (high - small.shape[0]) // 2, left + (wide - small.shape[1]) // 2
        sheet[y : y + small.shape[0], x : x + small.shape[1]] = small
        at = (left + 4, top + high + 12)
        cv2.putText(sheet, label[:34], at, cv2.FONT_HERSHEY_SIMPLEX, 0.36, (60, 60, 60), 1, cv2.LINE_AA)
    ok, encoded = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not ok:
        raise RuntimeError("The contact sheet could not be encoded as JPEG.")
    return bytes(encoded.tobytes())


def _thumbnail(jpeg: bytes, cell: tuple[int, int] = (160, 100)) -> bytes:
    """The same picture, within so many pixels in width and height."""
    import cv2
    import numpy as np

    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        return jpeg
    scale = min(1.0, cell[0] / image.shape[1], cell[1] / image.shape[0])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ok, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 75])
    return bytes(encoded.tobytes()) if ok else jpeg


def _image(data: bytes, kind: str, alt: str) -> str:
    return f"![{alt}](data:{kind};base64,{base64.b64encode(data).decode()})"
