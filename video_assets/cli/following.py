"""Commands that follow clips out of the lake: as files, and to whoever has seen them."""

from __future__ import annotations

from pathlib import Path

import click

from video_assets import show
from video_assets.cli.common import as_json, existing_lake, sql_files
from video_assets.live.screen import busy
from video_assets.settings import settings
from video_assets.written import counted


@click.command()
@click.argument("what", metavar="QUERY|CLIP_ID|TIER|RELEASE")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write into."
)
@click.option("--media", is_flag=True, help="Cut the clips as files that a player opens; what a release has is copied.")
@click.option(
    "--layout", help="Of a release: the folder of a trainer (musubi-tuner, diffusion-pipe, huggingface or folder)."
)
@click.option("--most", type=click.IntRange(min=1), default=200, show_default=True, help="Most clips that are cut.")
@click.option(
    "--short-side", type=click.IntRange(16), help="Shorter side of the pictures, in pixels. Default: as the clip is."
)
def export(what: str, folder: Path, media: bool, layout: str | None, most: int, short_side: int | None) -> None:
    """Write clips as files, or a release as a trainer's folder.

    QUERY is SQL that gives a column clip_id, a file of it, or a condition over clip_sheet such as "vmaf_motion > 5".
    """
    if layout is not None:
        _lay_out(what, layout, folder)
        return
    if not media:
        raise click.UsageError(
            "Say --media to have clips cut, or --layout NAME to have a release as a trainer's folder."
        )
    from video_assets.lake.catalog import open_to_read
    from video_assets.look.choice import choose
    from video_assets.publish.export import LIST
    from video_assets.publish.export import export as export_to

    lake, tiers = existing_lake(), sql_files().tiers
    with busy("Looking for clips"), open_to_read(settings(), lambda: lake.access) as connection:
        choice = choose(connection, what, tiers, "kept" if what in tiers else None, most)
    how = settings().release.model_copy(update={"short_side": short_side} if short_side else {})
    with busy("Cutting", "clips") as count:
        made = export_to(lake, choice.clips, how, folder, count)
    failed = [one for one in made if one.reason]
    for one in failed:
        show.say(f"{one.clip_id}: {one.reason}. {one.message or ''}".rstrip())
    show.say(f"{len(made) - len(failed)} of {choice.found} clips: {folder}, listed in {folder / LIST}")
    if failed:
        raise click.ClickException(f"{counted(len(failed), 'clip')} could not be cut.")


def _lay_out(name: str, layout: str, folder: Path) -> None:
    from video_assets.cli.common import unknown
    from video_assets.publish.layouts import LAYOUTS, lay_out

    if layout not in LAYOUTS:
        raise click.UsageError(unknown("layout", layout, LAYOUTS))
    with busy("Writing", "clips") as count:
        written = lay_out(existing_lake(), name, layout, folder, count)
    show.say(f"{counted(written, 'clip')} for {LAYOUTS[layout].title}: {folder}")


@click.command()
@click.argument("what")
@as_json
def trace(what: str, json: bool) -> None:
    """Show where WHAT came from and what it has reached.

    WHAT is a model, training run, release, shard, clip, source, file, holder, licence or domain.
    """
    from video_assets.publish.trace import trace as trace_of

    found = trace_of(existing_lake(), what)
    if json:
        up, down = ([link.as_json() for link in links] for links in (found.up, found.down))
        show.document({"kind": found.kind, "name": found.name, "counts": found.counts, "up": up, "down": down})
        return
    show.say(f"{found.kind} {found.name}")
    show.say("  " + ", ".join(counted(count, name[:-1]) for name, count in found.counts.items()))
    for title, links in (("came from", found.up), ("has reached", found.down)):
        if links:
            show.say(title)
        for link in links:
            for depth, line in link.lines(1):
                show.block("  " * depth + line)
    if not found.down and found.kind not in ("model", "run"):
        show.say("has reached no release")
