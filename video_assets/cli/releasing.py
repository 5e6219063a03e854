"""Commands about releases: make one, list them, tell two apart, and take clips out as files."""

from __future__ import annotations

import json as json_text
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from video_assets import show
from video_assets.cli.common import as_json, existing_lake, sql_files
from video_assets.live.screen import busy
from video_assets.settings import settings
from video_assets.written import counted, number

if TYPE_CHECKING:
    from video_assets.publish.release import Wish


@click.command()
@click.argument("tier")
@click.option("--name", required=True, help="The release's name, such as 540p-2026-11.")
@click.option(
    "--drawn/--all-kept",
    default=None,
    help="The draw's clips, or all that the tier keeps. Default: the draw's, where there is one.",
)
@click.option("--policy", help="Rights policy, a file of sql/policies. Default: the setting release.policy.")
@click.option("--media", is_flag=True, help="Cut the clips and pack them into WebDataset shards.")
@click.option(
    "--short-side", type=click.IntRange(16), help="Shorter side of the pictures, in pixels. Default: as the clip is."
)
@click.option("--fps", type=click.IntRange(1, 240), help="Frames/s of the media. Default: as the source has them.")
@click.option("--csv", is_flag=True, help="Write the manifest as CSV too.")
@click.option("--dry-run", is_flag=True, help="Say what it would be, and make nothing.")
@as_json
def release(
    tier: str, name: str, drawn: bool | None, policy: str | None, media: bool, short_side: int | None, fps: int | None,
    csv: bool, dry_run: bool, json: bool,
) -> None:  # fmt: skip
    """Freeze the clips of TIER as a training set.

    With their captions, under a rights policy. What it holds is told by its manifest, whose SHA-256 is its id: the same
    clips give the same id on every machine.
    """
    from video_assets.publish.release import Wish, asked_for, preview
    from video_assets.settings import ReleaseSettings

    lake, files = existing_lake(), sql_files()
    others = {key: value for key, value in (("short_side", short_side), ("fps", fps)) if value is not None}
    how = ReleaseSettings.model_validate(settings().release.model_dump() | others)
    wish = Wish(name, tier, drawn, policy, media, how, csv)
    asked = asked_for(wish, files, settings())
    if dry_run:
        with busy("Selecting"):
            frozen = preview(lake, asked)
        told: dict[str, Any] = {
            "release": name, "release_id": frozen.written.release_id, "state": "not made", "tier": asked.tier.name,
            "drawn": asked.draw is not None, "policy": asked.policy.name, "clips": frozen.written.clips,
            "hours": frozen.written.seconds / 3600, "refused": int(frozen.refused["clips"].sum()),
            "refused_hours": float(frozen.refused["hours"].sum()), "without_caption": frozen.written.without_caption,
            "refused_by_rule": frozen.refused.to_dicts(), "not_cut": None, "shards": None, "media_bytes": None,
        }  # fmt: skip
    else:
        make(wish, others)
        told = _summary(name)
    if json:
        show.document(told)
    else:
        _show(told)
    if told["not_cut"]:
        raise click.ClickException(
            f"{counted(told['not_cut'], 'clip')} could not be cut; 'video-assets sql \"SELECT clip_id, reason, message FROM "
            f"release_clips WHERE release = '{name}' AND reason IS NOT NULL\"' says why."
        )


def make(wish: Wish, others: Mapping[str, object]) -> None:
    """Make it by a run of Dagster's, in this process."""
    from video_assets.bring_up_to_date import dagster_home, quiet

    quiet()
    home = dagster_home()
    with busy("Loading the assets"):
        from video_assets import progress
        from video_assets.assets.releases import make_one
        from video_assets.assets.run import causes, open_instance
    with (
        busy(f"Making the release {wish.name}", "clips cut") as count,
        open_instance(home) as instance,
        progress.watched(lambda _asset, done, total: count(done, total)),
    ):
        result = make_one(instance, wish, others)
    if not result.success:
        said = "; ".join(sentence for _step, sentence in causes(result))
        raise click.ClickException(said or f"The run {result.run_id} failed; the UI says more.")


def _summary(name: str) -> dict[str, Any]:
    """What the release says of itself."""
    from video_assets.publish.release_files import SUMMARY

    found = existing_lake().files.fetch(f"releases/{name}/{SUMMARY}")
    if found is None:
        raise click.ClickException(f"The release {name} has no {SUMMARY}; its folder was changed by something else.")
    said: dict[str, Any] = json_text.loads(found.read_text())
    return said


def _show(told: Mapping[str, Any]) -> None:
    chosen = "the draw of" if told["drawn"] else "all that is kept by"
    show.say(
        f"{told['release']}: {told['state']}, {counted(told['clips'], 'clip')} ({number(told['hours'])} h), {chosen} {told['tier']}"
    )
    show.say(f"  id          {told['release_id']}")
    show.say(
        f"  policy      {told['policy']} keeps out {counted(told['refused'], 'clip')} ({number(told['refused_hours'])} h)"
    )
    for rule in told["refused_by_rule"]:
        show.say(f"              {rule['rule']}: {counted(rule['clips'], 'clip')} ({number(rule['hours'])} h)")
    if told["without_caption"]:
        show.say(f"  captions    {counted(told['without_caption'], 'clip')} without one")
    if told["shards"] is not None:
        show.say(f"  media       {counted(told['shards'], 'shard')}, {told['media_bytes'] / 2**20:,.1f} MiB")
    if told["state"] != "not made":
        show.say(f"  folder      {existing_lake().files.root}/releases/{told['release']}")


@click.command()
@as_json
def releases(json: bool) -> None:
    """List the releases."""
    lake = existing_lake()
    found = lake.query(
        "SELECT release, state, tier, clips, round(hours, 4) AS hours, refused, shards, substr(release_id, 1, 12) AS id "
        "FROM releases ORDER BY made_at"
    )
    if json:
        show.document({"releases": lake.query("SELECT * FROM releases ORDER BY made_at")})
        return
    show.frame(found)
    show.say(counted(found.height, "release"))


@click.command()
@click.argument("first")
@click.argument("second")
@as_json
def diff(first: str, second: str, json: bool) -> None:
    """Show what is other in the release SECOND than in FIRST.

    Clips that came, went or changed, in clips and hours, each by its cause.
    """
    from video_assets.publish.diff import CAUSES
    from video_assets.publish.diff import diff as diff_of

    with busy("Comparing"):
        found = diff_of(existing_lake(), first, second)
    if json:
        show.document(
            {"first": first, "second": second, "same": found.same, "counts": found.counts, "clips": found.clips}
        )
        return
    for change, said in (
        ("in", f"in {second} and not in {first}"),
        ("out", f"in {first} and not in {second}"),
        ("changed", "changed"),
    ):
        clips = int(found.counts.filter(change=change)["clips"].sum())
        show.say(f"{counted(clips, 'clip')} {said} ({number(found.hours(change))} h)")
        for row in found.counts.filter(change=change).iter_rows(named=True):
            show.block(
                f"  {row['cause']}: {counted(row['clips'], 'clip')} ({number(row['hours'])} h)", CAUSES[row["cause"]]
            )
    show.say(f"{counted(found.same, 'clip')} in both, the same")


@click.command()
@click.argument("name", metavar="RELEASE", required=False)
@click.option(
    "--facts", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="TOML file of what only people know."
)
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write them there too.")
@click.option("--template", is_flag=True, help="Print a file for --facts with every field, and write nothing.")
def documents(name: str | None, facts: Path | None, folder: Path | None, template: bool) -> None:
    """Write the documents of RELEASE from what the lake knows.

    Croissant with provenance, the EU's summary of training content, California's AB 2013, Data Provenance Standards and a
    datasheet. What nobody knows is marked as missing. With a key (the setting signing.key) the release is signed.
    """
    from video_assets.publish.documents.statements import template as template_of

    if template:
        click.echo(template_of(), nl=False)
        return
    if name is None:
        raise click.UsageError("Name a release; 'video-assets releases' lists them.")
    documents_of(name, facts, folder)


def told_of(name: str) -> None:
    """Show what a release is."""
    _show(_summary(name))


def documents_of(name: str, facts: Path | None, folder: Path | None) -> None:
    """Write a release's documents, and say what is missing in each."""
    from video_assets.publish.documents.statements import read_statements
    from video_assets.publish.documents.write import write_documents

    lake = existing_lake()
    written = write_documents(lake, name, read_statements(facts), folder)
    for file, count in written.missing.items():
        show.say(f"{file}: {counted(count, 'statement')} missing" if count else f"{file}: nothing is missing")
    show.say(
        f"{written.credential}: signed with C2PA"
        if written.credential
        else "Not signed: there is no key (the settings signing.key and signing.certificates)"
    )
    show.say(f"In {lake.files.root}/releases/{name}/documents" + (f" and {folder}" if folder else ""))
