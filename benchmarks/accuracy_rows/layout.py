"""Pieced and drawn pictures, and what lies on a picture.

Collages of slow moves over photographs and of films, in halves, in quarters, in three parts with lines at .22 and .78, in two
unlike parts, and one in the other; the same pictures undivided are none. Drawn pictures are wallpapers, slides, a recorded screen
and pages, and the windows of an image editor, many with photographs in them; photographs and films are none. Logos lie on plain
and on textured ground under a moving camera; a camera that hardly moves over photographs makes none.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from packaged_pictures import (
    DRAWN,
    FILMS,
    HEIGHT,
    PHOTOGRAPHS,
    SCREENS,
    SIZE,
    WALLPAPERS,
    WIDTH,
    as_kept,
    filled,
    film,
    photograph,
    shuffled,
    slow_move,
    with_logo,
)

from accuracy_rows import Row
from video_assets.demo.drawings import slides
from video_assets.measure.graphics import find_drawn
from video_assets.measure.layout import Layout, find_layout, in_colour
from video_assets.measure.overlays import find_overlays, reduced
from video_assets.measure.types import Picture

Pictures = list[Picture]
EACH = 12
_DRAWN = 0.1


def rows() -> Iterator[Row]:
    films = {name: [filled(p, *SIZE) for p in film(name, 4)] for name in FILMS}
    moves = {name: slow_move(photograph(name), 5, 4) for name in PHOTOGRAPHS}
    clips = films | moves
    kinds = {
        "halves": Layout.SIDE_BY_SIDE,
        "quarters": Layout.GRID,
        "lines at .22 and .78": Layout.SIDE_BY_SIDE,
        "two unlike parts": Layout.SIDE_BY_SIDE,
        "a picture in a picture": Layout.PICTURE_IN_PICTURE,
    }
    for kind, layout in kinds.items():
        made = [_collage(kind, [clips[n] for n in names], seed) for seed, names in _threes(list(clips))]
        found = [find_layout([in_colour(p) for p in as_kept(pictures)]).layout for pictures in made]
        told = sum(f not in (Layout.SINGLE, layout) for f in found)
        yield Row(f"collages: {kind}", found.count(layout), EACH, f"{told} told as another division", "", "found")
    single = [find_layout([in_colour(p) for p in as_kept(pictures)]).layout for pictures in clips.values()]
    yield Row("pictures that are not divided", single.count(Layout.SINGLE), len(single), "", "", "0 false")

    drawn = [[photograph(name)] for name in DRAWN] + [film("monitors.webm", 4), [photograph("page.png")]]
    deck = cv2.imdecode(np.frombuffer(slides(), np.uint8), cv2.IMREAD_COLOR)
    assert deck is not None
    drawn += [[deck[1080 * n : 1080 * (n + 1)]] for n in range(3)]
    found_drawn = sum(_is_drawn([filled(p, *SIZE) for p in pictures]) for pictures in drawn)
    yield Row("screens, slides, pages and drawn pictures", found_drawn, len(drawn), "drawn >= 0.1")
    screens = [name for name in SCREENS if _is_drawn([_of_360(photograph(name))])]
    missed = ", ".join(name.partition("-")[2].partition(".")[0] for name in SCREENS if name not in screens)
    yield Row("windows and dialogues of an image editor", len(screens), len(SCREENS), f"not {missed}", "", "found")
    clips |= {name: slow_move(photograph(name), 5, 4) for name in WALLPAPERS}
    false = [name for name, pictures in clips.items() if _is_drawn(pictures)]
    yield Row(
        "recordings and photographs that are not drawn",
        len(clips) - len(false),
        len(clips),
        ", ".join(false),
        "",
        "0 false",
    )

    long = {name: slow_move(photograph(name), 6, 8) for name in PHOTOGRAPHS}
    marked = [with_logo(pictures, WIDTH - 24 - 3 * size, 20, size) for pictures in long.values() for size in (36, 24)]
    found_logos = sum(len(_overlays(pictures)) == 1 for pictures in marked)
    yield Row("logos under a moving camera", found_logos, len(marked))
    slow = [slow_move(photograph(name), seed, 8, 0.15) for name in PHOTOGRAPHS for seed in (0, 6)]
    clean = sum(not _overlays(pictures) for pictures in slow)
    yield Row("no overlay under a camera that hardly moves", clean, len(slow), "", "", "0 false")


def _threes(names: Sequence[str]) -> list[tuple[int, tuple[str, str, str]]]:
    return list(enumerate(itertools.islice(shuffled(names, 8), EACH)))


def _collage(kind: str, clips: Sequence[Pictures], seed: int) -> Pictures:
    random = np.random.default_rng(seed)
    if kind == "quarters":
        return [
            np.vstack([
                np.hstack([filled(a, WIDTH // 2, HEIGHT // 2), filled(b, WIDTH // 2, HEIGHT // 2)]),
                np.hstack([filled(c, WIDTH // 2, HEIGHT // 2), filled(d, WIDTH // 2, HEIGHT // 2)]),
            ])
            for a, b, c, d in zip(*clips, clips[0][::-1], strict=True)
        ]  # fmt: skip
    if kind == "a picture in a picture":
        width = int(random.integers(120, 240))
        height = width * 9 // 16
        x, y = int(random.choice([24, WIDTH - width - 24])), int(random.choice([24, HEIGHT - height - 24]))
        made = [p.copy() for p in clips[0]]
        for picture, inner in zip(made, clips[1], strict=True):
            picture[y : y + height, x : x + width] = filled(inner, width, height)
        return made
    at = {"halves": [0.5], "lines at .22 and .78": [0.22, 0.78]}.get(kind, [float(random.uniform(0.24, 0.46))])
    edges = [0, *(round(share * WIDTH) for share in at), WIDTH]
    return [
        np.hstack(
            [
                filled(c[n], right - left, HEIGHT)
                for c, (left, right) in zip(clips, itertools.pairwise(edges), strict=False)
            ]
        )
        for n in range(len(clips[0]))
    ]


def _of_360(picture: Picture) -> Picture:
    scale = min(1.0, HEIGHT / min(picture.shape[:2]))
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _is_drawn(pictures: Sequence[Picture]) -> bool:
    return find_drawn([reduced(p) for p in as_kept(pictures)]).drawn >= _DRAWN


def _overlays(pictures: Sequence[Picture]) -> Sequence[object]:
    found = find_overlays([reduced(p) for p in as_kept(pictures)])
    return found.overlays if found.fixed_share <= 0.05 else []
