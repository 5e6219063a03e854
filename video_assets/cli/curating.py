"""Commands that make what is due: curate, demo; and the plan of it."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from video_assets import show, show_result
from video_assets.cli.common import as_json, existing_lake, known_tiers, note_files, sql_files
from video_assets.cli.scoring import say_left
from video_assets.live.screen import busy
from video_assets.settings import WatchedFolder, settings
from video_assets.tables import on_screen
from video_assets.written import counted

if TYPE_CHECKING:
    from video_assets.bring_up_to_date import Outcome
    from video_assets.curate.result import Result
    from video_assets.footage.ingest import Stock
    from video_assets.lake.lake import Lake

_MOST_TOLD = 10


@click.command()
@click.argument("path")
@click.option(
    "--benchmark", metavar="NAME",
    help="These are a benchmark's videos: tiers keep no near-duplicate of them. '' makes them footage again.",
)  # fmt: skip
@as_json
def curate(path: str, benchmark: str | None, json: bool) -> None:
    """Take in the footage under PATH and measure what is due.

    PATH is a folder or s3://bucket/prefix.
    """
    if not path.startswith("s3://") and not (path and Path(path).is_dir()):
        raise click.UsageError(f"{path or repr(path)} is not a folder; give one that holds videos.")
    with show.remarks_on_stderr(json):
        done = _curate(path, benchmark)
    if json:
        show.document(done.document)
    done.end()


@click.command()
@click.option(
    "--footage", type=click.Path(path_type=Path, file_okay=False), default=Path("demo_footage"), show_default=True,
    help="The folder into which the clips are gathered.",
)  # fmt: skip
def demo(footage: Path) -> None:
    """Gather twenty real clips and curate them."""
    from video_assets.curate.funnel import funnel
    from video_assets.demo import make_footage
    from video_assets.demo.recipes import RECIPES

    with busy("Gathering footage", "files") as count:
        numbers = itertools.count(1)
        made = make_footage(footage, lambda _: count(next(numbers), len(RECIPES)))
    show.console.print(f"{len(made)} files in {footage}/.")
    done = _curate(str(footage))
    tiers = known_tiers()
    with done.lake.cursor() as cursor:
        for tier in sorted(tiers.values(), key=lambda t: t.name.split("/")[0]):
            show.frame(funnel(cursor, tier), title=f"\n{tier.name}: {tier.title}")
    question = settings().sql_folder / "explore" / "hours_per_tier.sql"
    show.frame(done.lake.query(question.read_text()), title="\nvideo-assets sql hours_per_tier")
    _release(done)
    show.console.print("\nOpen the UI:  [bold]make ui[/bold]  and then http://localhost:3000")
    show.console.print("Look at it:   [bold]video-assets review[/bold]  and then http://127.0.0.1:8123")
    show.console.print('Ask in SQL:   [bold]video-assets sql "SELECT file_name, vmaf_motion FROM clip_sheet"[/bold]')
    done.end()


_RELEASED, _TIER = "demo", "hunyuan_video/256p"
_READ = """\
from video_assets.publish.loader import ClipBatches, Loader, open_release
release = open_release("{folder}")
clips = ClipBatches(release, seed=0, batch_size=1, frames=16, fps=8)
batch = next(iter(Loader(clips)))
print(batch["frames"].shape, batch["text"])"""


def _release(done: Done) -> None:
    """Freeze a tier of the demo for training, and say how it is read."""
    from video_assets.cli.releasing import documents_of, make, told_of
    from video_assets.publish.release import Wish
    from video_assets.settings import ReleaseSettings

    how = {"short_side": 256}
    settings_ = ReleaseSettings.model_validate(settings().release.model_dump() | how)
    make(Wish(_RELEASED, _TIER, media=True, settings=settings_), how)
    show.say(f"\nvideo-assets release {_TIER} --name {_RELEASED} --media --short-side 256")
    told_of(_RELEASED)
    documents_of(_RELEASED, None, None)
    folder = f"{done.lake.files.root}/releases/{_RELEASED}"
    show.say("\nA batch of it in Python, once 'make torch' has added torch:\n")
    show.say(_READ.format(folder=folder))


@click.command()
@click.option("--detail", is_flag=True, help="One entry for every batch of every asset.")
@as_json
def plan(detail: bool, json: bool) -> None:
    """Show what would run and why, and its expected cost.

    Nothing is run.
    """
    lake = existing_lake()
    sql_files()
    with busy("Looking what is due"):
        from video_assets.assets.common import order
        from video_assets.lake.left import left_behind
        from video_assets.lake.plan import plan as plan_of

        due = plan_of(lake, order())
        left = left_behind(lake)
    if json:
        show.document({"due": [asdict(d) for d in due]})
    else:
        show.plan(due, detail)
        say_left(left)


@dataclass(frozen=True)
class Done:
    """What a look at the footage and the runs after it have led to."""

    lake: Lake
    path: str
    stock: Stock
    outcome: Outcome
    result: Result

    @property
    def found(self) -> int:
        """Files that look like footage."""
        stock = self.stock
        return stock.videos + stock.moved + stock.known + stock.settling + stock.waiting + len(stock.failed)

    @property
    def wrong(self) -> str:
        """What did not go well, as a sentence; empty when all did."""
        stock = self.stock
        if not self.found and not stock.problems:
            none = f"Nothing was found: no file under {self.path} ends in {', '.join(settings().footage.suffixes)}."
            return " ".join((none, *stock.passed.sentences))
        counts = [
            (
                len(self.stock.unread),
                "place or statement could not be read",
                "places or statements could not be read",
            ),
            (len(self.stock.failed), "file could not be taken in", "files could not be taken in"),
            (self.result.unexpected, "file met an unexpected error", "files met unexpected errors"),
            (len({f.batch for f in self.outcome.failed}), "batch failed", "batches failed"),
            (len({b.batch for b in self.outcome.blocked}), "batch has no usable video", "batches have no usable video"),
        ]
        told = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
        if self.result.videos and not self.result.usable and not told:  # their batch was stopped by an earlier look
            told = [f"none of the {counted(self.result.videos, 'video')} can be used"]
        return f"Not all went well: {', '.join(told)}." if told else ""

    @property
    def document(self) -> dict[str, object]:
        """The same for another program."""
        stock = self.stock
        return {
            "path": self.path,
            "found": {
                "new": stock.videos, "moved": stock.moved, "known": stock.known, "settling": stock.settling,
                "waiting": stock.waiting, "benchmark_changed": stock.marked,
            },
            "batches": stock.batches,
            "not_taken_in": [asdict(f) for f in stock.failed],
            "problems": stock.problems,
            "partitions": self.outcome.partitions,
            "failed": [asdict(f) for f in self.outcome.failed],
            "blocked": [asdict(b) for b in self.outcome.blocked],
            "result": self.result.as_json(),
            "wrong": self.wrong or None,
        }  # fmt: skip

    def end(self) -> None:
        """End with 1 when something did not go well; the last line says what."""
        if self.wrong:
            raise click.ClickException(self.wrong)


def _curate(path: str, benchmark: str | None = None) -> Done:
    """Take in, then run until nothing is due that was not already tried."""
    from video_assets.bring_up_to_date import bring_up_to_date, quiet

    quiet()
    since = datetime.now(UTC)
    with busy("Loading"):
        from video_assets.curate.result import result
        from video_assets.describe.ready import require_captioners, require_judge
        from video_assets.footage.ingest import take_stock
        from video_assets.footage.tick import Cursor
        from video_assets.lake.lake import Lake
        from video_assets.measure.models import require, require_packages
        from video_assets.scorers import scorers
        from video_assets.scorers.models import chosen

        require_packages(settings().models)
        require(chosen(settings().models, scorers(settings()).own), settings().models)
        require_captioners(settings())
        require_judge(settings())
        lake = Lake(settings())
        note_files(lake)
    with busy(f"Reading what is new in {path}", "MiB") as count:
        folder = WatchedFolder(uri=path, benchmark=benchmark)

        def pause(seconds: float) -> None:
            count.goes_on_to(f"Seeing for {math.ceil(seconds)} s whether files still change")
            time.sleep(seconds)

        stock = take_stock(lake, [folder], Cursor(), datetime.now(UTC), at_once=True, hashed=count, pause=pause)
    show.say(f"{path}: {stock.counts}")
    for problem in stock.problems[:_MOST_TOLD]:
        show.say(on_screen(problem, show.console.file))
    outcome = bring_up_to_date(lake)
    if not outcome.partitions and (stock.known or stock.moved):
        measured = "everything that could be read" if stock.incomplete else "everything"
        show.say(f"Nothing is due: {measured} is measured already.")
    sql_files()
    with busy("Counting"):
        place = path if path.startswith("s3://") else str(Path(path).expanduser().resolve())
        found = result(lake, place, since, stock.problems, stock.passed)
    show_result.show(found, show.console if show.console.stderr else None)
    return Done(lake, path, stock, outcome, found)
