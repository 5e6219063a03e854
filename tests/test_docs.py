"""The pages of docs/: their links lead somewhere, and the reference is what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), PROJECT / "benchmarks" / "README.md"])
_LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


def _run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_site_is_built_without_a_broken_link(tmp_path: Path) -> None:
    built = _run(
        sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site"), folder=PROJECT
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "site" / "reference" / "tables" / "index.html").exists()


def test_the_reference_is_what_the_code_says(tmp_path: Path) -> None:
    looked = _run(sys.executable, str(PROJECT / "docs" / "generate.py"), "--check", folder=tmp_path)
    assert looked.returncode == 0, looked.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_what_a_page_links_to_is_in_the_repository(page: Path) -> None:
    assert [link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


def test_the_readme_can_be_read_in_a_quarter_of_an_hour() -> None:
    assert len((PROJECT / "README.md").read_text().splitlines()) < 200
