"""Access to an S3-compatible server: one description for boto3 and for DuckDB.

Keys are never settings: they come from wherever boto3 finds them (environment, profile, instance role).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from video_assets.lake.sql_text import quoted

if TYPE_CHECKING:
    from video_assets.settings import S3Settings


@dataclass(frozen=True)
class S3Access:
    """A boto3 S3 client with what DuckDB must be told to reach the same server."""

    client: Any = field(repr=False)
    endpoint_url: str | None
    region: str
    path_style: bool


def etag_of(content: str) -> str | None:
    """The entity tag in the content key of an S3 object (``etag:<etag>:<bytes>``); None of a local file's."""
    return content.removeprefix("etag:").rpartition(":")[0] if content.startswith("etag:") else None


def size_of(content: str) -> int | None:
    """The bytes in the content key of an S3 object; None of a local file's."""
    size = content.rpartition(":")[2]
    return int(size) if content.startswith("etag:") and size.isdigit() else None


def without_keys(text: str, client: Any) -> str:
    """A server's message without the keys of a boto3 client, which some servers repeat in it."""
    credentials = client._request_signer._credentials
    if credentials is not None:
        keys = credentials.get_frozen_credentials()
        for name, key in (("access key", keys.access_key), ("secret key", keys.secret_key), ("token", keys.token)):
            if key:
                text = text.replace(key, f"<{name}>")
    return text


def open_s3(settings: S3Settings) -> S3Access:
    """Access by the settings and boto3's own search for keys."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        endpoint_url=settings.endpoint_url,
        region_name=settings.region,
        config=Config(
            s3={"addressing_style": "path" if settings.path_style else "auto"},
            retries={"mode": "standard", "max_attempts": settings.attempts},
            connect_timeout=min(20.0, settings.silent_seconds),
            read_timeout=settings.silent_seconds,
        ),
    )
    return S3Access(client, settings.endpoint_url, settings.region, settings.path_style)


def split_uri(uri: str) -> tuple[str, str]:
    """``s3://bucket/a/b`` as ``("bucket", "a/b")``.

    Raises:
        ValueError: it is not an S3 address.
    """
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise ValueError(f"{uri!r} is not an S3 address; write it as s3://bucket/prefix.")
    # The key is taken from the text itself, because '?' is an ordinary character in it.
    return parts.netloc, uri[len("s3://") + len(parts.netloc) :].lstrip("/")


def duckdb_secret(access: S3Access) -> str:
    """``CREATE SECRET`` for DuckDB's httpfs, held in memory by one connection. It holds the keys: never show it.

    Raises:
        PermissionError: no keys were found.
    """
    keys = key_environment(access)
    options = {"KEY_ID": keys["AWS_ACCESS_KEY_ID"], "SECRET": keys["AWS_SECRET_ACCESS_KEY"], "REGION": access.region}
    if "AWS_SESSION_TOKEN" in keys:
        options["SESSION_TOKEN"] = keys["AWS_SESSION_TOKEN"]
    options |= {name.upper(): value for name, value in _reach(access.endpoint_url, access.path_style).items()}
    listed = ", ".join(f"{name} {quoted(value)}" for name, value in options.items())
    return f"CREATE OR REPLACE SECRET footage (TYPE s3, {listed})"


def duckdb_settings(settings: S3Settings) -> list[str]:
    """The same server for a person's DuckDB shell, without keys: httpfs takes them from the shell's environment."""
    options = {"region": settings.region} | _reach(settings.endpoint_url, settings.path_style)
    return [f"SET s3_{name} = {quoted(value)}" for name, value in options.items()]


def key_environment(access: S3Access) -> dict[str, str]:
    """The environment variables that hold the keys which boto3 found, so that no two clients can disagree.

    Raises:
        PermissionError: no keys were found.
    """
    credentials = access.client._request_signer._credentials
    if credentials is None:
        raise PermissionError("No S3 keys were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    keys = credentials.get_frozen_credentials()
    found = {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key}
    return found | ({"AWS_SESSION_TOKEN": keys.token} if keys.token else {})


def _reach(endpoint_url: str | None, path_style: bool) -> dict[str, str]:
    """What DuckDB must be told of a server that is not AWS."""
    options = {}
    if endpoint_url:
        endpoint = urlsplit(endpoint_url)
        options = {"endpoint": endpoint.netloc, "use_ssl": "true" if endpoint.scheme == "https" else "false"}
    return options | ({"url_style": "path"} if path_style else {})
