"""How the command line fails: with a sentence and an exit code, never with a traceback for what a person typed.

0: all went well. 1: something did not; the last line says what. 2: the command was not typed as it is meant to be, or
names a folder or file that is not there.
"""

from __future__ import annotations

import atexit
import gc
import sys
from typing import Any

import click

from video_assets import tables

# Objects that are made before the garbage collector looks through the newest. What a command imports is a third of a million,
# which stay: by Python's own 700 to look through them again and again took a fifteenth of a small batch's time.
_BETWEEN_LOOKS = 10_000


class Sentences(click.Group):
    """Errors that a person can mend are shown as their sentence; unknown commands are answered with the nearest."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """The process is the command's own."""
        gc.set_threshold(_BETWEEN_LOOKS)
        atexit.register(gc.freeze)  # Python would look through all of them several times more before it ends
        return super().__call__(*arguments, **named)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)  # in the order in which they are needed, not by the alphabet

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from video_assets.settings.reading import did_you_mean

        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            names = self.list_commands(ctx)
            hint = did_you_mean(args[0], names) or f" There are {', '.join(names)}."
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        # Imported here: what none of these need must not slow down --help.
        import duckdb
        from filelock import Timeout

        from video_assets.measure.models import ModelNotReadyError

        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            error.message = _fitted(error.message)  # type: ignore[misc]  # another would lose its usage and its exit code
            raise
        except BrokenPipeError:
            raise  # click ends without a word: whoever read the output has enough
        except KeyboardInterrupt as error:
            raise click.ClickException(
                "Stopped. What was finished is kept; the same command goes on from there."
            ) from error
        except Timeout as error:  # an OSError, but with a sentence of ours
            raise click.ClickException(
                f"Another process holds {error.lock_file}; try again when it is done."
            ) from error
        except (OSError, ValueError, ModelNotReadyError, duckdb.Error) as error:
            raise click.ClickException(_fitted(_said(error))) from error


_BEFORE = "Error: "  # which click writes before the sentence


def _fitted(sentence: str) -> str:
    return tables.on_screen(_BEFORE + sentence, sys.stderr).removeprefix(_BEFORE)


def _said(error: Exception) -> str:
    """The sentence of an error; what the operating system says names the file."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    return str(error) or type(error).__name__
