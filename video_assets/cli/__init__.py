"""The command line: curate a folder, see the plan, ask the lake."""

from __future__ import annotations

import click

from video_assets.cli import asking, captions, curating, deciding, keeping, looking


class _Sentences(click.Group):
    """Errors that a person can mend are shown as their sentence, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        from filelock import Timeout

        from video_assets.measure.models import ModelNotReadyError

        try:
            return super().invoke(ctx)
        except (FileNotFoundError, PermissionError, ValueError, ModelNotReadyError) as error:
            raise click.ClickException(str(error)) from error
        except Timeout as error:
            raise click.ClickException(
                f"Another process holds {error.lock_file}; try again when it is done."
            ) from error


@click.group(cls=_Sentences, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="video_assets")
def main() -> None:
    """From raw footage to the training set of a video-generation model."""


for command in (
    curating.curate,
    curating.demo,
    curating.plan,
    keeping.models,
    asking.sql,
    asking.search,
    looking.look,
    deciding.funnel,
    deciding.what_if,
    deciding.coverage,
    deciding.mix,
    deciding.why,
    keeping.sweep,
    captions.captions,
):
    main.add_command(command)
