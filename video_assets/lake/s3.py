"""Access to an S3-compatible server: one description for boto3 and for DuckDB.

Keys are never settings: they come from wherever boto3 finds them (environment, profile, instance role).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from video_assets.settings import S3Settings


@dataclass(frozen=True)
class S3Access:
    """A boto3 S3 client with what DuckDB must be told to reach the same server."""

    client: Any = field(repr=False)
    endpoint_url: str | None
    region: str
    path_style: bool


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
            retries={"mode": "standard", "max_attempts": 5},
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
    """``CREATE SECRET`` for DuckDB's httpfs, held in memory by one connection.

    Raises:
        PermissionError: no keys were found.
    """
    # The client's own resolved keys, so that DuckDB and boto3 can never disagree.
    credentials = access.client._request_signer._credentials
    if credentials is None:
        raise PermissionError("No S3 keys were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    keys = credentials.get_frozen_credentials()
    options = {"KEY_ID": keys.access_key, "SECRET": keys.secret_key, "REGION": access.region}
    if keys.token:
        options["SESSION_TOKEN"] = keys.token
    if access.endpoint_url:
        endpoint = urlsplit(access.endpoint_url)
        options["ENDPOINT"] = endpoint.netloc
        options["USE_SSL"] = "true" if endpoint.scheme == "https" else "false"
    if access.path_style:
        options["URL_STYLE"] = "path"
    listed = ", ".join(f"{name} '{value.replace(chr(39), chr(39) * 2)}'" for name, value in options.items())
    return f"CREATE OR REPLACE SECRET footage (TYPE s3, {listed})"
