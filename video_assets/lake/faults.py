"""Faults of the machinery that pass: a disk, a network, a store or a lock that fails now may work a moment later.

What asks the store is tried again where it is asked (:func:`patiently`), a step of a run as a whole after that.
"""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING

import duckdb
from filelock import Timeout

if TYPE_CHECKING:
    import tenacity

_ATTEMPTS = 4
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 10.0
# What a store says when it is busy; https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_BUSY = frozenset(
    {"SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "TooManyRequests", "InternalError", "ServiceUnavailable"}
)  # fmt: skip
_LEAST_SERVER_FAULT = 500
_TOO_MANY = 429


def passes(error: BaseException) -> bool:
    """Whether the same may work a moment later. A video's or the code's own fault is none, nor are missing files, rights or keys."""
    if isinstance(error, (FileNotFoundError, PermissionError)):
        return False
    if isinstance(error, duckdb.HTTPException):
        return _server_fault(int(getattr(error, "status_code", 0) or 0))
    if isinstance(error, (OSError, Timeout, duckdb.IOException, duckdb.TransactionException, sqlite3.OperationalError)):
        return True
    if "sqlalchemy" in sys.modules:
        from sqlalchemy.exc import OperationalError

        if isinstance(error, OperationalError):  # Dagster's records are locked
            return True
    return "botocore" in sys.modules and _of_a_store(error)


def _of_a_store(error: BaseException) -> bool:
    from boto3.exceptions import Boto3Error, RetriesExceededError
    from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
    from botocore.exceptions import ConnectionError as NoConnection

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response.get("Error", {}).get("Code") in _BUSY or _server_fault(status)
    if isinstance(error, Boto3Error):
        why = error.__cause__ or error.__context__
        return isinstance(error, RetriesExceededError) or why is None or passes(why)
    return isinstance(error, (NoConnection, HTTPClientError, IncompleteReadError))


def _server_fault(status: int) -> bool:
    """Whether an HTTP status, or 0 where there was no answer at all, is not about the request itself."""
    return status == 0 or status == _TOO_MANY or status >= _LEAST_SERVER_FAULT


def patiently() -> tenacity.Retrying:
    """Call by it what can be done twice: it is tried again, with growing waits, as long as its faults pass.

    A lock is not waited for again: whoever takes it has waited already.
    """
    import tenacity

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: not isinstance(error, Timeout) and passes(error)),
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        wait=tenacity.wait_random_exponential(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S),
        reraise=True,
    )
