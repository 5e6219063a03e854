"""Looking for traces: in every byte of a file, and in what its bytes only say once they are unpacked.

A search of bytes is not enough, as what stands in the middle of a compressed column is in none of them. Reading rows is not
enough either, as what was deleted stands in a database's free pages. So both are done.
"""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

_AT_ONCE = 1 << 24
_ID = re.compile(rb"[0-9a-f]{32,}")
_ID_LENGTH = 32
# Digits in a row from which on every id is sought in them, and not each place of them among the ids.
_LONG = 256
_SQLITE = b"SQLite format 3\0"
_GZIP = b"\x1f\x8b"
_ZLIB = (b"x\x01", b"x\x9c", b"x\xda")


class Traces:
    """Counts how often any of some texts is found.

    Args:
        texts: what is looked for, as whole ids or as parts of texts.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = frozenset(texts)

    @cached_property
    def _ids(self) -> frozenset[bytes]:
        return frozenset(t.encode() for t in self.texts if _ID.fullmatch(t.encode()) and len(t) == _ID_LENGTH)

    @cached_property
    def _others(self) -> tuple[bytes, ...]:
        """The others, as they are and as JSON escapes them, once or twice."""
        found: set[bytes] = set()
        for text in self.texts:
            if text.encode() not in self._ids:
                once = json.dumps(text)[1:-1]
                found |= {
                    form.encode()
                    for form in (text, once, json.dumps(once)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
                }
        return tuple(sorted(found))

    @cached_property
    def _packed(self) -> tuple[bytes, ...]:
        """Ids as the bytes that their digits stand for, as in a release's index."""
        return tuple(sorted(bytes.fromhex(i.decode()) for i in self._ids))

    @cached_property
    def longest(self) -> int:
        return max((len(t) for t in (*self._ids, *self._others)), default=1)

    def in_bytes(self, data: bytes) -> int:
        """How often one of them stands in these bytes."""
        hits = sum(data.count(text) for text in self._others)
        if self._ids:
            for run in _ID.finditer(data):
                digits = run.group()
                if len(digits) > _LONG and len(self._ids) < len(digits):
                    hits += sum(digits.count(i) for i in self._ids)
                    continue
                hits += sum(digits[i : i + _ID_LENGTH] in self._ids for i in range(len(digits) - _ID_LENGTH + 1))
        return hits

    def in_file(self, path: Path) -> int:
        """How often in a file: in its bytes, and in its rows or lines where it is a Parquet, SQLite or gzip file."""
        if not self.texts:
            return 0
        with path.open("rb") as file:
            head = file.read(16)
        hits = self._in_stream(path)
        if path.suffix == ".parquet" or head[:4] == b"PAR1":
            return hits + self._in_parquet(path)
        if head == _SQLITE:
            return hits + sum(count for _, count in self.in_database(path))
        if head[:2] == _GZIP:
            with gzip.open(path) as lines:
                return hits + sum(self.in_bytes(line) for line in lines)
        return hits

    def _in_stream(self, path: Path) -> int:
        """In the bytes alone, part by part; what lies across two parts is found, and an id there may count twice."""
        hits, before = 0, b""
        with path.open("rb") as file:
            while part := file.read(_AT_ONCE):
                hits += self.in_bytes(before + part) - (self.in_bytes(before) if before else 0)
                before = part[-self.longest :]
        return hits

    def _in_parquet(self, path: Path) -> int:
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            return sum(
                self._in_column(column)
                for group in range(file.num_row_groups)
                for column in pl.DataFrame(pl.from_arrow(file.read_row_group(group)))
            )

    def _in_column(self, values: pl.Series) -> int:
        dtype = values.dtype
        if isinstance(dtype, pl.Struct):
            return sum(self._in_column(field) for field in values.struct.unnest())
        if isinstance(dtype, pl.List | pl.Array):
            return self._in_column(values.explode())
        if dtype == pl.String or dtype == pl.Categorical or isinstance(dtype, pl.Enum):
            return self.in_bytes("\n".join(values.cast(pl.String).drop_nulls().unique()).encode())
        if dtype == pl.Binary:
            packed = int(values.is_in(list(self._packed)).sum() or 0) if self._packed else 0
            return packed + sum(self.in_bytes(value) for value in values.drop_nulls())
        return 0

    def in_database(self, path: Path) -> Iterator[tuple[str, int]]:
        """Of each table of a SQLite file how often in its rows, tables with none left out."""
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                quoted = '"' + name.replace('"', '""') + '"'
                hits = sum(self.in_value(value) for row in database.execute(f"SELECT * FROM {quoted}") for value in row)
                if hits:
                    yield name, hits

    def in_value(self, value: Any) -> int:
        """In a value of a row; a BLOB that is packed is unpacked."""
        if isinstance(value, str):
            return self.in_bytes(value.encode(errors="surrogateescape"))
        if not isinstance(value, bytes):
            return 0
        hits = self.in_bytes(value)
        if value[:2] in _ZLIB:
            with suppress(zlib.error):
                hits += self.in_bytes(zlib.decompress(value))
        return hits

    def replaced(self, text: str, by: str) -> str:
        """The text with another in place of each."""
        data = text.encode(errors="surrogateescape")
        for mark in sorted((*self._ids, *self._others), key=len, reverse=True):
            data = data.replace(mark, by.encode())
        return data.decode(errors="surrogateescape")


def files_in(folder: Path) -> Iterator[Path]:
    """Every file in a folder, hidden ones too, in order; none where there is no such folder.

    SQLite's index of a log is left out: it has numbers alone, and comes and goes with whoever opens the database.
    """
    for path in sorted(folder.rglob("*")):
        if not path.name.endswith("-shm") and path.is_file() and not path.is_symlink():
            yield path
