"""What is installed is what was tested: constraints.txt fits pyproject.toml, names everything, and is what is here."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = [Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
PYTHONS = ("3.11", "3.12", "3.13")


def pins(python: str | None = None) -> dict[str, Version]:
    """The versions that the lock gives on this system, for this Python or another one."""
    other = {"python_version": python, "python_full_version": f"{python}.9"} if python else {}
    found = [r for r in LOCK if r.marker is None or r.marker.evaluate({**other})]
    versions: dict[str, Version] = {
        canonicalize_name(r.name): Version(str(r.specifier).removeprefix("==")) for r in found
    }
    assert len(versions) == len(found), "a package has two versions in one environment"
    return versions


def asked_for() -> Iterator[Requirement]:
    for text in [*PROJECT["dependencies"], *(r for extra in PROJECT["optional-dependencies"].values() for r in extra)]:
        if not text.startswith("video_assets["):
            yield Requirement(text)


def installed() -> dict[str, Version]:
    """Everything that this project's ``dev`` extra asks for and that is here, with what these ask for."""
    found: dict[str, Version] = {}
    seen: set[tuple[str, str]] = set()
    pending = [("video-assets", "dev")]
    while pending:
        name, extra = asked = pending.pop()
        if asked in seen:
            continue
        seen.add(asked)
        try:
            package = distribution(name)
        except PackageNotFoundError:  # an optional part that a system has none of
            continue
        found[name] = Version(package.version)
        for requirement in map(Requirement, package.requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                other = canonicalize_name(requirement.name)
                pending += [(other, ""), *((other, e) for e in requirement.extras)]
    del found["video-assets"]
    return found


def test_the_lock_supports_every_python_that_the_project_allows() -> None:
    allowed = Requirement(f"python{PROJECT['requires-python']}").specifier
    assert [f"3.{minor}" for minor in range(30) if f"3.{minor}" in allowed] == list(PYTHONS)


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_satisfies_the_project(python: str) -> None:
    locked = pins(python)
    unfit = [str(r) for r in asked_for() if locked[canonicalize_name(r.name)] not in r.specifier]
    assert unfit == [], "run 'make lock'"


def test_everything_that_is_installed_is_locked_and_is_the_version_of_the_lock() -> None:
    locked = pins()
    # A build of torch for CPUs is 2.14.1+cpu.
    other = {n: str(v) for n, v in installed().items() if n not in locked or v.public != locked[n].public}
    assert other == {}, "these are not what was tested; remove .venv and run 'make test'"


def test_the_lock_names_packages_and_versions_and_no_place() -> None:
    for requirement in LOCK:
        assert requirement.url is None
        assert not requirement.extras
        assert str(requirement.specifier).startswith("==")
    assert "://" not in (ROOT / "constraints.txt").read_text()


def test_the_demo_is_installed_without_torch_and_with_the_versions_of_the_lock() -> None:
    lines = (ROOT / "embedded.txt").read_text().splitlines()
    embedded = [Requirement(line) for line in lines if not line.startswith("#")]
    for python in PYTHONS:
        locked, other = pins(python), {"python_version": python, "python_full_version": f"{python}.9"}
        here = {
            canonicalize_name(r.name): str(r.specifier) for r in embedded if not r.marker or r.marker.evaluate(other)
        }
        assert {name for name in here if re.match("torch|nvidia|triton", name)} == set()
        assert here == {name: f"=={locked[name]}" for name in here}
        needed = [Requirement(text) for text in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["demo"]]]
        assert {canonicalize_name(r.name) for r in needed} - {"torch"} <= here.keys()


def test_the_newest_python_of_pyenv_is_found(tmp_path: Path) -> None:
    def python(path: Path, version: int) -> None:
        """A program that says that it is Python 3.VERSION."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\ncase "$2" in *"(3, {version})"*) exit 0;; *"(3, "*) exit 1;; esac\necho "$0"\n')
        path.chmod(0o755)

    end = int(PROJECT["requires-python"].rpartition(".")[2])
    python(tmp_path / "path" / f"python3.{end - 1}", 0)
    for version in (f"3.{end - 1}.9", f"3.{end - 1}.10", f"3.{end - 2}.12", f"3.{end}.1"):
        python(tmp_path / "pyenv" / "versions" / version / "bin" / "python", int(version.split(".")[1]))
    environment = {"PATH": f"{tmp_path / 'path'}:/usr/bin:/bin", "PYENV_ROOT": str(tmp_path / "pyenv")}
    ran = subprocess.run([ROOT / ".ci" / "newest-python"], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(tmp_path / "pyenv" / "versions" / f"3.{end - 1}.10" / "bin" / "python")


SLOW = "echo Collecting; echo 'Progress 30 of 40'; sleep 1.5; exit $0"
"""What pip does: it says something, counts bytes, is silent for long and ends with a code."""


def on_terminal(*command: str) -> tuple[int, str]:
    """The exit code of a command on a terminal, and what is seen there, carriage returns and control sequences with it."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    seen = b""
    try:
        while piece := os.read(terminal, 4096):
            seen += piece
    except OSError:  # it has ended
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), seen.decode()


@pytest.mark.parametrize(("code", "ends"), [("0", "Installing: done in "), ("3", "Collecting\r\n")])
def test_while_pip_is_silent_a_terminal_shows_the_seconds_and_what_it_said_last(code: str, ends: str) -> None:
    ended, seen = on_terminal(str(ROOT / ".ci" / "living"), "Installing", "sh", "-c", SLOW, code)
    assert ended == int(code)
    assert re.search(r"\r\x1b\[KInstalling: \d+ s, 75 %, Collecting\r", seen), seen
    assert ends in seen.rsplit("75 %, Collecting", 1)[1]


def test_in_a_log_pip_prints_as_it_always_does() -> None:
    ran = subprocess.run(
        [ROOT / ".ci" / "living", "Installing", "sh", "-c", "echo Collecting; exit $0", "3"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (3, "sh -c echo Collecting; exit $0 3\nCollecting\n")
