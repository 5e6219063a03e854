"""Commands of the command line, run in this process."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from click.testing import CliRunner, Result

from video_assets import cli


def ask(*arguments: str) -> Result:
    """What a command prints and how it ends; standard output alone is ``.stdout``."""
    return CliRunner().invoke(cli.main, list(arguments), prog_name="video-assets")


def answer(*arguments: str) -> str:
    """What a command prints that must succeed."""
    result = ask(*arguments)
    assert result.exit_code == 0, result.output
    return str(result.output)


def document(*arguments: str) -> Any:
    """The one JSON document on standard output of a command that must succeed."""
    result = ask(*arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(*arguments: str, code: int = 1) -> str:
    """The last line of a command that must fail so; no traceback."""
    result = ask(*arguments)
    assert result.exit_code == code, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    said = str(result.output)
    return said.rpartition("Error: ")[2].strip()


def rows(printed: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(printed)))
