"""Every command of the tree: its help, wrong usage, and a lake that is not there or empty."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from tests.commands import answer, ask
from tests.place import Place
from video_assets import cli

Path_ = tuple[str, ...]


def walk(command: click.Command, path: Path_ = ()) -> Iterator[tuple[Path_, click.Command]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, (*path, name))


TREE = list(walk(cli.main))
LEAVES = [(path, command) for path, command in TREE if not isinstance(command, click.Group)]
# What each argument or needed option may be, to come as far as the lake.
GIVEN = {
    "what": "f9f84904",
    "tier": "movie_gen/low_resolution",
    "column": "vmaf_motion",
    "clip_id": "f9f84904",
    "text": "a dog",
    "query": "FROM clips",
    "run": "a-run",
    "first": "one",
    "second": "two",
    "name": "one",
    "address": "postgresql://127.0.0.1:1/lake",
}
NEEDED = {
    ("what-if",): ("--set", "enough_motion=TRUE"),
    ("takedown",): ("--hash", "f9f84904"),
    ("captions", "redo"): ("--captioner", "measured"),
    ("captions", "import"): ("captions.jsonl", "--captioner", "human"),
    ("captions", "export"): ("captions.jsonl",),
    ("training", "add"): ("captions.jsonl",),
    ("release",): ("--name", "one"),
    ("export",): ("--media", "--to", "out"),
    ("verdicts", "export"): ("--to", "out", "--media", "s3://clips/"),
    ("verdicts", "import"): ("captions.jsonl",),
    ("scorer", "drop"): ("hue_scores",),
    ("review",): ("--host", "192.0.2.1"),  # without a token, so that nothing is served
}
# These ask no lake: they make one, or tell of the settings, the models and the files of SQL.
WITHOUT_LAKE = {("curate",), ("demo",), ("models",), ("settings",), ("questions",), ("scorer", "new")}
ASKING = [(path, command) for path, command in LEAVES if path not in WITHOUT_LAKE]


def name(value: object) -> str:
    return " ".join(value) or "video-assets" if isinstance(value, tuple) else ""


def typed(path: Path_, command: click.Command) -> list[str]:
    """The command as a person would type it."""
    arguments = [GIVEN[str(p.name)] for p in command.params if isinstance(p, click.Argument) and p.name in GIVEN]
    return [*path, *arguments, *NEEDED.get(path, ())]


@pytest.mark.parametrize(("path", "command"), TREE, ids=name)
def test_every_command_helps_on_80_columns(path: Path_, command: click.Command) -> None:
    printed = answer(*path, "--help")
    assert printed.startswith(f"Usage: {' '.join(('video-assets', *path))} ")
    assert max(map(len, printed.splitlines())) <= 80
    first = str(command.help).partition("\n")[0]
    assert first.endswith(".")
    assert [p.name for p in command.params if isinstance(p, click.Option) and not p.help] == []
    if isinstance(command, click.Group):
        # A command's first sentence fits beside its name.
        assert "..." not in printed.partition("Commands:")[2]
        assert all(str(inner.help).partition("\n")[0] in printed for inner in command.commands.values())


@pytest.mark.parametrize(("path", "command"), TREE, ids=name)
def test_wrong_usage_ends_with_2_and_tells_what_was_meant(here: Place, path: Path_, command: click.Command) -> None:
    options = [o for p in command.params if isinstance(p, click.Option) for o in p.opts if len(o) > 4]
    wrong = [*path, f"{options[0]}x" if options and path else "--hlp"]
    result = ask(*wrong)
    assert result.exit_code == 2, result.output
    near = options[0] if options and path else "--help"
    assert f"Did you mean '{near}'?" in result.output or f"'{near}'" in result.output
    assert "Traceback" not in result.output
    if isinstance(command, click.Group):
        some = next(iter(command.commands))
        unknown = ask(*path, f"{some}x")
        assert unknown.exit_code == 2
        assert f"There is no command '{some}x'. Did you mean {some}?" in unknown.output
    assert not here.root.exists()


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=name)
def test_a_missing_argument_is_wrong_usage(here: Place, path: Path_, command: click.Command) -> None:
    if any(isinstance(p, click.Argument) and p.required for p in command.params):
        result = ask(*path)
        assert result.exit_code == 2, result.output
        assert "Missing argument" in result.output


@pytest.mark.parametrize(("path", "command"), ASKING, ids=name)
def test_a_lake_that_is_not_there_is_not_made_by_asking(here: Place, path: Path_, command: click.Command) -> None:
    (here.folder / "captions.jsonl").write_text('{"clip_id": "x"}\n')
    result = ask(*typed(path, command))
    assert result.exit_code == 1, result.output
    said = f"Error: There is no lake at {here.root / 'catalog.sqlite'}; run 'video-assets curate FOLDER'"
    assert result.output.startswith(said)
    assert not here.root.exists()


@pytest.mark.parametrize(("path", "command"), ASKING, ids=name)
def test_an_empty_lake_is_answered_without_a_traceback(here: Place, path: Path_, command: click.Command) -> None:
    here.quick_lake()
    (here.folder / "captions.jsonl").write_text('{"clip_id": "x"}\n')
    result = ask(*typed(path, command))
    assert result.exit_code in (0, 1), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    assert "Traceback" not in result.output
    assert max((len(line) for line in result.stdout.splitlines()), default=0) <= 80
    # What was asked for by name is not there, and what lists has nothing to list.
    found_nothing = {
        ("retry",),
        ("look",),
        ("funnel",),
        ("clips",),
        ("why",),
        ("captions", "import"),
        ("captions", "redo"),
        ("search",),
        ("training", "add"),
        ("training", "clips"),
        ("release",),
        ("diff",),
        ("export",),
        ("documents",),
        ("trace",),
        ("review",),
        ("thresholds",),
        ("verdicts", "export"),
        ("verdicts", "import"),
        ("takedown",),
        ("scorer", "drop"),
        ("move-catalog",),
    }
    assert (result.exit_code == 1) == (path in found_nothing), result.output


@pytest.mark.parametrize("path", sorted(WITHOUT_LAKE - {("curate",), ("demo",)}), ids=name)
def test_what_needs_no_lake_answers_without_one(here: Place, path: Path_) -> None:
    printed = answer(*typed(path, dict(LEAVES)[path]))
    assert max(map(len, printed.splitlines())) <= 80
    assert not here.root.exists()
