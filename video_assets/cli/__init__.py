"""The command line: curate a folder, see the plan, ask the lake."""

from __future__ import annotations

import click

from video_assets.cli import (
    asking,
    captions,
    curating,
    deciding,
    following,
    keeping,
    listing,
    looking,
    releasing,
    removing,
    retrying,
    reviewing,
    scoring,
    training,
    verdicts,
)
from video_assets.cli.group import Sentences


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(None, "-V", "--version", package_name="video_assets", help="Show the version and exit.")
def main() -> None:
    """From raw footage to the training set of a video-generation model."""


for command in (
    curating.curate,
    curating.demo,
    curating.plan,
    retrying.retry,
    keeping.models,
    keeping.settings_,
    scoring.scorer,
    asking.sql,
    asking.search,
    listing.tiers,
    listing.batches,
    listing.clips,
    listing.questions,
    looking.look,
    reviewing.review,
    reviewing.thresholds,
    verdicts.verdicts,
    deciding.funnel,
    deciding.what_if,
    deciding.coverage,
    deciding.mix,
    deciding.why,
    releasing.release,
    releasing.releases,
    releasing.diff,
    following.export,
    releasing.documents,
    following.trace,
    training.training,
    keeping.sweep,
    keeping.move_catalog,
    removing.takedown,
    captions.captions,
):
    main.add_command(command)
