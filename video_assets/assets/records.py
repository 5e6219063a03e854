"""Dagster's records in SQLite, with their databases kept open for as long as a process runs batches.

Dagster makes an engine and a connection for each event that it stores or reads, and the last connection that closes writes
the whole journal back into the database: most of what a small batch would cost.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS

_MOST_OPEN = 2
"""The index of all events, and the run's own; each run has a database."""


@contextmanager
def kept_open(instance: dg.DagsterInstance) -> Iterator[None]:
    """Keep the databases of an instance open inside the block, where they are SQLite's; others keep their own."""
    events, runs = instance.event_log_storage, instance.run_storage
    ours: list[tuple[object, str, _Databases]] = []
    if type(events) is SqliteEventLogStorage:
        ours.append((events, "_connect", _Events(events)))
    if type(runs) is SqliteRunStorage:
        ours.append((runs, "connect", _Runs(runs)))
    for storage, name, databases in ours:
        setattr(storage, name, databases.connection)
    # Asked a dozen times in every step: a partition that is there is not taken away by anybody while batches run.
    events.has_dynamic_partition = _Remembered(events.has_dynamic_partition)  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        del events.has_dynamic_partition
        for storage, name, databases in ours:
            delattr(storage, name)
            databases.close()


class _Databases:
    def __init__(self) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()

    def close(self) -> None:
        while self._engines:
            self._engines.popitem()[1].dispose()

    def _opened(self, address: str) -> sa.Engine:
        if address not in self._engines:
            self._engines[address] = _engine(address)
            while len(self._engines) > _MOST_OPEN:
                self._engines.popitem(last=False)[1].dispose()
        self._engines.move_to_end(address)
        return self._engines[address]

    def connection(self, *_: Any) -> Any:
        raise NotImplementedError


class _Events(_Databases):
    """As the storage's own way to connect, which locks and makes a run's database on first use."""

    def __init__(self, storage: Any) -> None:
        super().__init__()
        self._storage = storage

    @contextmanager
    def connection(self, shard: str) -> Iterator[sa.Connection]:
        storage = self._storage
        with storage._db_lock:
            engine = self._opened(storage.conn_string_for_shard(shard))
            if shard not in storage._initialized_dbs:
                storage._initdb(engine)
                storage._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection


class _Runs(_Databases):
    def __init__(self, storage: Any) -> None:
        super().__init__()
        self._address = storage._conn_string

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        with self._opened(self._address).begin() as connection:
            yield connection


class _Remembered:
    """A question of two words, asked once as soon as the answer was yes."""

    def __init__(self, ask: Callable[[str, str], bool]) -> None:
        self._ask = ask
        self._yes: set[tuple[str, str]] = set()

    def __call__(self, partitions: str, key: str) -> bool:
        if (partitions, key) not in self._yes and self._ask(partitions, key):
            self._yes.add((partitions, key))
        return (partitions, key) in self._yes


def _engine(address: str) -> sa.Engine:
    """An engine whose connections stay open and go from thread to thread, one at a time."""
    engine = sa.create_engine(
        address,
        poolclass=sa.QueuePool,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )
    # Where the power goes the last events may be lost, never the database; what was made stands in the lake.
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = NORMAL"))
    return engine
