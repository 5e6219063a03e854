"""Dagster's records in SQLite, with their databases kept open for as long as a process runs batches.

Dagster makes an engine and a connection for each event that it stores or reads, and the last connection that closes writes
the whole journal back into the database: most of what a small batch would cost.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.events import DagsterEventType
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS

_MOST_OPEN = 2
"""The index of all events, and the run's own; each run has a database."""
_HOLDS_S = 10.0


@contextmanager
def kept_open(instance: dg.DagsterInstance) -> Iterator[None]:
    """Keep the databases of an instance open inside the block, where they are SQLite's; others keep their own."""
    events, runs = instance.event_log_storage, instance.run_storage
    with ExitStack() as stack:
        # Asked a dozen times in every step: a partition that is there is not taken away by anybody while batches run.
        stack.enter_context(_instead(events, has_dynamic_partition=_Remembered(events.has_dynamic_partition)))
        if type(events) is SqliteEventLogStorage:
            stored = _Events(events)
            stack.callback(stored.close)
            # Each check of an asset and each asset that reads it asks for the same last materialization.
            last, tags = _UntilStored(events.fetch_materializations), _UntilStored(events.get_latest_tags_by_partition)
            stored.on_materialization += [last.forget, tags.forget]
            stack.enter_context(
                _instead(
                    events, _connect=stored.connection, store_event_batch=stored.store_all,
                    store_event=stored.store, has_table=_Remembered(events.has_table),
                    fetch_materializations=last, get_latest_tags_by_partition=tags,
                )
            )  # fmt: skip
            stack.enter_context(_environment(DAGSTER_EVENT_BATCH_SIZE="1000"))
        if type(runs) is SqliteRunStorage:
            noted = _Runs(runs)
            stack.callback(noted.close)
            stack.enter_context(_instead(runs, connect=noted.connection))
        yield


@contextmanager
def _instead(storage: object, **methods: object) -> Iterator[None]:
    """Let a storage have these methods inside the block."""
    for name, method in methods.items():
        setattr(storage, name, method)
    try:
        yield
    finally:
        for name in methods:
            delattr(storage, name)


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


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


class _Events(_Databases):
    """As the storage's own way to connect, which locks and makes a run's database on first use."""

    def __init__(self, storage: Any) -> None:
        super().__init__()
        self._storage = storage
        self._together: dict[str, sa.Connection] | None = None
        self._by: int | None = None
        self._store: Callable[[Any], None] = storage.store_event
        self.on_materialization: list[Callable[[], None]] = []

    def store(self, event: Any) -> None:
        """Store an event; whoever remembers what was made last is told when something is."""
        self._store(event)
        if event.is_dagster_event and event.dagster_event_type is DagsterEventType.ASSET_MATERIALIZATION:
            for forget in self.on_materialization:
                forget()

    @contextmanager
    def connection(self, shard: str) -> Iterator[sa.Connection]:
        if self._by == threading.get_ident() and self._together is not None:
            yield self._together[shard]
            return
        with self._storage._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def store_all(self, events: Sequence[Any]) -> None:
        """Store events of one run, what it is going to make for one, in a transaction."""
        run = events[0].run_id
        with (
            self._storage._db_lock,
            self._engine(INDEX_SHARD_NAME).begin() as of_all,
            self._engine(run).begin() as of_run,
        ):
            self._together, self._by = {INDEX_SHARD_NAME: of_all, run: of_run}, threading.get_ident()
            try:
                for event in events:
                    self._storage.store_event(event)
            finally:
                self._together = self._by = None

    def _engine(self, shard: str) -> sa.Engine:
        storage = self._storage
        engine = self._opened(storage.conn_string_for_shard(shard))
        if shard not in storage._initialized_dbs:
            storage._initdb(engine)
            storage._initialized_dbs.add(shard)
        return engine


class _Runs(_Databases):
    def __init__(self, storage: Any) -> None:
        super().__init__()
        self._address = storage._conn_string

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        with self._opened(self._address).begin() as connection:
            yield connection


class _Remembered:
    """A question of some words, asked once as soon as the answer was yes."""

    def __init__(self, ask: Callable[..., bool]) -> None:
        self._ask = ask
        self._yes: set[tuple[str, ...]] = set()

    def __call__(self, *words: str) -> bool:
        if words not in self._yes and self._ask(*words):
            self._yes.add(words)
        return words in self._yes


class _UntilStored:
    """A question on materializations whose answer holds until this process stores another one, or for a few seconds."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask
        self._known: dict[str, tuple[float, Any]] = {}

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        key, now = repr((arguments, sorted(named.items()))), time.monotonic()
        if key not in self._known or now - self._known[key][0] > _HOLDS_S:
            self._known[key] = now, self._ask(*arguments, **named)
        return self._known[key][1]

    def forget(self) -> None:
        """Ask again."""
        self._known.clear()


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
