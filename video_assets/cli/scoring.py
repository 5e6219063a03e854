"""Commands on scorers: which there are, a new one, and what one that is gone has left."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from video_assets import show
from video_assets.cli.common import as_json, existing_lake
from video_assets.cli.group import Sentences
from video_assets.live.screen import busy
from video_assets.settings import settings
from video_assets.tables import on_screen
from video_assets.written import counted

if TYPE_CHECKING:
    from video_assets.lake.left import Left

_NEW = '''"""{title}: the mean hue of some keyframes of a clip."""

from video_assets.scorer import FLOAT, Column, Keyframes, Scorer


def measure(pictures, crop):
    """Of a clip's pictures, uint8 (h, w, 3) in blue, green, red, cut to its crop: its columns."""
    import cv2  # Here, so that it is loaded in the worker processes alone.
    import numpy as np

    # Hue is an angle, in steps of 2 degrees: the mean of directions, each as long as the pixel is saturated.
    hsv = np.concatenate([cv2.cvtColor(p, cv2.COLOR_BGR2HSV).reshape(-1, 3) for p in pictures]).astype(np.float64)
    angles, weights = np.radians(2 * hsv[:, 0]), hsv[:, 1]
    if not weights.any():
        return {{}}  # Grey has no hue: the column is NULL.
    x, y = (weights * np.cos(angles)).sum(), (weights * np.sin(angles)).sum()
    return {{"{name}": float(np.degrees(np.arctan2(y, x)) % 360)}}


scorer = Scorer(
    name="{name}_scores",  # The table and the asset; not the name of a column.
    says="The hue of a clip's pictures.",
    columns=(
        Column("{name}", FLOAT, "Mean hue, weighed by saturation; NULL where all is grey.", unit="degrees", least=0, most=360),
    ),
    reads=Keyframes(4),  # Or Pairs(4), Frames(16) or Tables(("motion_scores",)): see docs/add/measurement.md.
    measure=measure,
    code="1",  # Raise it when measure() would give other numbers: the clips are measured anew.
    sheet_by="{name}",
)
'''


@click.group(cls=Sentences)
def scorer() -> None:
    """Families of measurements: ours, and your own."""


@scorer.command("list")
@as_json
def list_(json: bool) -> None:
    """List the scorers, with what cannot be used or is left.

    A scorer is a module; your own are in scorers/ and in packages.
    """
    from video_assets.lake.left import left_behind
    from video_assets.scorers import made, scorers

    lake = existing_lake()
    found, measuring = scorers(settings()), {s.name for s in made(settings())}
    with busy("Asking the lake"):
        left = left_behind(lake)
    if json:
        show.document({
            "scorers": [
                {
                    "name": s.name, "says": s.says, "measures": s.name in measuring, "from": s.origin.kind,
                    "file": str(s.origin.path) if s.origin.path else None, "code": s.code,
                    "columns": [c.name for c in s.columns],
                }
                for s in found.used.values()
            ],
            "refused": [
                {"file": str(e.path), "line": e.line, "what": e.what, "mend": e.mend} for e in found.refused
            ],
            "left_behind": [{"table": each.table.name, "rows": each.rows} for each in left],
        })  # fmt: skip
        return
    for s in found.used.values():
        where = [] if s.ours else [f"from {s.origin.path or s.origin.place}"]
        state = [] if s.name in measuring else ["not in this profile"]
        show.block(s.name, ", ".join([*(c.name for c in s.columns), *where, *state]))
    show.say(counted(len(found.used), "scorer"))
    for error in found.refused:
        click.echo(on_screen(f"Left out: {error}", sys.stderr), err=True)
    say_left(left)


def say_left(left: list[Left]) -> None:
    """What scorers that are gone have left in the lake, and how it is removed."""
    from video_assets.scorers import scorers

    # Of a module that cannot be read nobody knows whose table it is.
    refused = [error.name for error in scorers(settings()).refused]
    gone = "gone" if not refused else f"gone, or refused ({', '.join(refused)})"
    for each in left:
        name = each.table.name
        told = (
            f"The lake has {counted(each.rows, 'row')} of {name}, whose scorer is {gone}; "
            f"'video-assets scorer drop {name}' removes them."
        )
        show.say(on_screen(told, show.console.file))


@scorer.command()
@click.argument("name")
def new(name: str) -> None:
    """Write a scorer that runs into scorers/NAME.py.

    It measures the mean hue; change what it measures, and its columns.
    """
    from video_assets.scorers.loading import own_folder

    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        raise click.UsageError(f"{name} is no name: lower-case letters, digits and _, a letter first.")
    path = own_folder(settings()) / f"{name}.py"
    if path.exists():
        raise click.ClickException(f"{path} is there already; give another name, or change that file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_NEW.format(name=name, title=name.replace("_", " ").capitalize()), encoding="utf-8")
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    show.say(f"{shown} is written.")
    show.say("'video-assets plan' says what it would measure, and 'curate' measures it.")


@scorer.command()
@click.argument("table")
def drop(table: str) -> None:
    """Remove the rows that a scorer which is gone has left.

    Older versions of the lake have them until 'sweep' forgets these.
    """
    from video_assets.lake.left import drop as drop_table

    drop_table(existing_lake(), table)
    show.say(f"{table} is removed.")
