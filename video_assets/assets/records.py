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
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.base import AssetRecord
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
            records = _RecordsUntilStored(events.get_asset_records)
            stored.on_stored += [last.forget, tags.forget, records.forget]
            stack.enter_context(
                _instead(
                    events, _connect=stored.connection, store_event_batch=stored.store_all,
                    store_event=stored.store, has_table=_Remembered(events.has_table),
                    fetch_materializations=last, get_latest_tags_by_partition=tags, get_asset_records=records,
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
        self.on_stored: list[Callable[[dg.AssetKey], None]] = []

    def store(self, event: Any) -> None:
        """Store an event; whoever remembers what there is of an asset is told of each that is about it."""
        self._store(event)
        if event.is_dagster_event and (key := event.dagster_event.asset_key):
            for forget in self.on_stored:
                forget(key)

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
    """A question on an asset's materializations whose answer holds until this process stores an event of it, or for a few seconds.

    The asset is the first argument: its key, or a filter that has it.
    """

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask
        self._known: dict[dg.AssetKey, dict[str, tuple[float, Any]]] = {}

    def __call__(self, of: Any, *arguments: Any, **named: Any) -> Any:
        known = self._known.setdefault(of if isinstance(of, dg.AssetKey) else of.asset_key, {})
        key, now = repr((of, arguments, sorted(named.items()))), time.monotonic()
        if key not in known or now - known[key][0] > _HOLDS_S:
            known[key] = now, self._ask(of, *arguments, **named)
        return known[key][1]

    def forget(self, key: dg.AssetKey) -> None:
        """Ask again of this asset."""
        self._known.pop(key, None)


class _RecordsUntilStored:
    """The same of what there is of several assets: only those are asked for of which nothing is known."""

    def __init__(self, ask: Callable[..., Sequence[AssetRecord]]) -> None:
        self._ask = ask
        self._known: dict[dg.AssetKey, tuple[float, AssetRecord | None]] = {}

    def __call__(self, asset_keys: Sequence[dg.AssetKey] | None = None) -> Sequence[AssetRecord]:
        if asset_keys is None:
            return self._ask()
        now = time.monotonic()
        if unknown := [k for k in asset_keys if k not in self._known or now - self._known[k][0] > _HOLDS_S]:
            found = {record.asset_entry.asset_key: record for record in self._ask(unknown)}
            self._known.update({key: (now, found.get(key)) for key in unknown})
        return [record for key in asset_keys if (record := self._known[key][1])]

    def forget(self, key: dg.AssetKey) -> None:
        """Ask again for this asset."""
        self._known.pop(key, None)


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
