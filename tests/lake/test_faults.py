"""Which faults pass, and that what asks the store is tried again until they have passed."""

from __future__ import annotations

import sqlite3

import duckdb
import pytest
from boto3.exceptions import RetriesExceededError, S3UploadFailedError
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from filelock import Timeout

from video_assets.lake import faults
from video_assets.lake.faults import passes, patiently


def answered(status: int, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")


def failed_upload(why: Exception) -> S3UploadFailedError:
    error = S3UploadFailedError("Failed to upload.")
    error.__context__ = why
    return error


PASSING = [
    OSError("No space left on device"),
    ConnectionResetError(),
    Timeout("commits.lock"),
    duckdb.IOException("Could not read"),
    duckdb.TransactionException("conflict"),
    sqlite3.OperationalError("database is locked"),
    EndpointConnectionError(endpoint_url="http://store"),
    ConnectionClosedError(endpoint_url="http://store"),
    ReadTimeoutError(endpoint_url="http://store"),
    ResponseStreamingError(error="cut"),
    RetriesExceededError(ValueError()),
    answered(503, "SlowDown"),
    answered(500, "InternalError"),
    answered(429, "TooManyRequests"),
    answered(400, "RequestTimeout"),
    failed_upload(answered(503, "SlowDown")),
]
LASTING = [
    ValueError(),
    KeyError("column"),
    PermissionError("No S3 keys were found."),
    FileNotFoundError("There is no lake."),
    duckdb.BinderException("no such column"),
    NoCredentialsError(),
    answered(403, "AccessDenied"),
    answered(404, "NoSuchKey"),
    failed_upload(answered(403, "AccessDenied")),
]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_a_fault_of_disk_network_store_or_lock_passes(error: Exception) -> None:
    assert passes(error)


@pytest.mark.parametrize("error", LASTING, ids=repr)
def test_a_fault_of_the_code_or_of_rights_does_not_pass(error: Exception) -> None:
    assert not passes(error)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_FIRST_WAIT_S", 0.0)


@pytest.mark.parametrize(
    ("error", "asked"), [(PASSING[1], 4), (PASSING[11], 4), (Timeout("commits.lock"), 1), (ValueError(), 1)], ids=repr
)
def test_what_passes_is_asked_four_times_and_then_told_as_it_is(error: Exception, asked: int) -> None:
    calls = []

    def fail() -> None:
        calls.append(error)
        raise error

    with pytest.raises(type(error)):
        patiently()(fail)
    assert len(calls) == asked


def test_what_works_the_second_time_has_worked() -> None:
    answers = iter([ConnectionResetError(), None])

    def work() -> str:
        if error := next(answers):
            raise error
        return "done"

    assert patiently()(work) == "done"
