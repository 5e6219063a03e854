"""The command line's verdicts: what people say of clips decides tiers."""

from __future__ import annotations

from pathlib import Path

import click

from video_assets import show
from video_assets.cli.common import existing_lake, sql_files
from video_assets.cli.group import Sentences
from video_assets.live.screen import busy
from video_assets.settings import settings
from video_assets.written import counted


@click.group(cls=Sentences)
def verdicts() -> None:
    """Make tiers from what people say; swap it with Label Studio."""


@verdicts.command()
def apply() -> None:
    """Decide tiers anew by what people say of clips now.

    Made anew are clip_sheet where somebody has judged since, and the tiers and draws that read otherwise for it; nothing is
    measured. Corrected captions become captions of who has corrected them.
    """
    from video_assets.assets.common import order
    from video_assets.batches.corrections import PERSON, take_corrections
    from video_assets.batches.step import Step
    from video_assets.bring_up_to_date import bring_up_to_date, quiet, report_captions
    from video_assets.lake.sheet import SHEET
    from video_assets.review.fold import fold_what_waits

    quiet()
    lake = existing_lake()
    with busy("Looking who has judged"):
        waited = fold_what_waits(lake)
        before = dict(lake.query(_KEPT).iter_rows())
    show.say(f"{waited} verdicts came into the lake.")
    corrected = lake.query(_CORRECTED, [PERSON]).item()
    if taken := take_corrections(Step(lake, order())):
        report_captions(lake, taken)
    if (now := lake.query(_CORRECTED, [PERSON]).item()) != corrected:
        show.say(f"{now} captions are of people who have corrected them; there were {corrected}.")
    outcome = bring_up_to_date(lake, lambda due: due.asset == SHEET or due.asset.startswith(("tiers/", "draws/")))
    after = dict(lake.query(_KEPT).iter_rows())
    changed = {tier: kept for tier, kept in after.items() if kept != before.get(tier)}
    for tier, kept in changed.items():
        show.say(f"{tier} keeps {kept} clips; it kept {before.get(tier, 0)}.")
    if not outcome.partitions:
        show.say("No tier is due: all are decided by what people say now.")
    elif not changed:
        show.say("Every tier keeps as many clips as before.")
    if outcome.failed:
        raise click.ClickException(f"Not all went well: {len({f.batch for f in outcome.failed})} batches failed.")


_CORRECTED = "SELECT count(*) FROM current_captions WHERE starts_with(captioner, ?)"
_KEPT = """
SELECT asset[7:], sum(kept)::BIGINT FROM materializations WHERE starts_with(asset, 'tiers/') GROUP BY 1 ORDER BY 1
"""


@verdicts.command()
@click.argument("what", metavar="QUERY|CLIP_ID|TIER")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write into."
)
@click.option(
    "--media", required=True, help="What stands before CLIP_ID.mp4 in the address by which Label Studio finds a clip."
)
@click.option("--most", type=click.IntRange(min=1), default=1000, show_default=True, help="Most clips.")
def export(what: str, folder: Path, media: str, most: int) -> None:
    """Write clips as tasks of Label Studio, with its labels.

    'video-assets export WHAT --media --to FOLDER' cuts the clips' files; put them where Label Studio finds them.
    """
    import json

    from video_assets.lake.catalog import open_to_read
    from video_assets.lake.files import atomic_path
    from video_assets.look.choice import choose
    from video_assets.review.asking import Asking
    from video_assets.review.clips import captions_of, found
    from video_assets.review.label_studio import labels, task
    from video_assets.review.questions import read_questions

    lake, tiers, questions = existing_lake(), sql_files().tiers, read_questions(settings().review.questions)
    with busy("Looking for clips"), open_to_read(settings(), lambda: lake.access) as connection:
        choice = choose(connection, what, tiers, "kept" if what in tiers else None, most)
    ids = choice.clips["clip_id"].to_list()
    with Asking(lake).look() as asked:
        clips = found(asked, ids)
        captions = captions_of(asked, list(clips.values()))
    tasks = [task(clips[c], captions.get(c, ""), media, questions) for c in ids if c in clips]
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("labels.xml", labels(questions)),
        ("tasks.json", json.dumps(tasks, ensure_ascii=False, indent=1) + "\n"),
    ):
        with atomic_path(folder / name) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
    show.say(
        f"{counted(len(tasks), 'task')} of {choice.found} clips: {folder / 'tasks.json'}; labels: {folder / 'labels.xml'}"
    )


@verdicts.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def import_(file: Path) -> None:
    """Take in what people have said in Label Studio.

    FILE is its export as JSON. Nothing is imported of a file with anything that cannot be used. What was imported before is not taken twice.
    """
    from contextlib import closing

    from video_assets.review.asking import Asking
    from video_assets.review.clips import found
    from video_assets.review.fold import fold
    from video_assets.review.journal import FILE, Journal
    from video_assets.review.label_studio import read, refusal
    from video_assets.review.questions import read_questions

    lake, questions = existing_lake(), read_questions(settings().review.questions)
    said = read(file.read_bytes())
    with Asking(lake).look() as asked:
        clips = found(asked, sorted({one.verdict.clip_id for one in said}))
    rows, errors = [], []
    for one in said:
        clip = clips.get(one.verdict.clip_id)
        try:
            if clip is None:
                raise ValueError(f"there is no clip {one.verdict.clip_id}")
            rows.append(one.row(clip, questions))
        except ValueError as error:
            errors.append(f"task {one.place}: {str(error).rstrip('.')}")
    if errors:
        raise click.ClickException(refusal(errors))
    with closing(Journal(lake.settings.lake.scratch_path / FILE)) as journal:
        new = sum(journal.add(row, "label studio") for row in sorted(rows, key=lambda row: row.judged_at))
        fold(lake, journal)
    show.say(f"{new} new verdicts of {len(rows)}; 'video-assets verdicts apply' makes tiers of them.")
