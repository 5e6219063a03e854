"""A catalog in PostgreSQL, for the processes of several machines: one database is one catalog.

Who may log in is never in the address: libpq takes the password from ``PGPASSWORD``, ``~/.pgpass`` or a service file, for
DuckDB's connections and for those of this module alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from filelock import Timeout

from video_assets.lake.backend import COMMIT, INDEXES, Tables
from video_assets.lake.sql_text import identifier

if TYPE_CHECKING:
    import psycopg

MARK = "video_assets_move"
"""The table that stands in a database into which a catalog is being moved."""
_CONNECT_S = 10
# A machine that loses its power says nothing: after a minute without an answer its session ends, and with it its locks.
_SESSION = """
SELECT set_config('lock_timeout', ?, FALSE), set_config('tcp_keepalives_idle', '30', FALSE),
    set_config('tcp_keepalives_interval', '10', FALSE), set_config('tcp_keepalives_count', '3', FALSE)
"""
_TAKE = "SELECT pg_advisory_lock(hashtextextended(?, 0))"
_LET_GO = "SELECT pg_advisory_unlock(hashtextextended(?, 0))"
_EVERY_TABLE = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2
"""
_REFUSED = (
    "authentication failed",
    "no password supplied",
    "pg_hba.conf",
    "role ",
    "permission denied",
    "not permitted",
)
_HINT = "Is the server running on that host and accepting TCP/IP connections?"
_NO_SERVICE = "definition of service"


class InPostgres:
    """The database that ``url`` names, ``postgresql://user@host:port/database`` with no password in it."""

    bytewise = '"C"'
    extension = "postgres_scanner"
    options: tuple[str, ...] = ()

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def place(self) -> str:
        return self.url

    @property
    def address(self) -> str:
        return f"postgres:{self.url}"

    @staticmethod
    def as_text(column: str) -> str:
        # A text of DuckDB's may hold what one of PostgreSQL's may not, so DuckLake keeps its bytes.
        return f"convert_from({identifier(column)}, 'UTF8')"

    def prepare(self) -> None:
        """Nothing: the database is made by whoever administers the server."""

    def is_there(self) -> bool:
        with self.tables() as found:
            return found is not None

    @contextmanager
    def tables(self) -> Iterator[Tables | None]:
        with self.connected() as connection:
            [(there, moving)] = connection.execute(
                f"SELECT to_regclass('ducklake_metadata') IS NOT NULL, to_regclass('{MARK}') IS NOT NULL".encode()
            ).fetchall()
            if moving:
                raise FileExistsError(
                    f"A lake was to be moved to {self.place} and is not there yet; run 'video-assets move-catalog "
                    f"{self.place}' again, with lake.catalog as it was before."
                )
            yield PostgresTables(connection) if there else None

    def rows(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        with self.connected() as connection:
            for schema, name in connection.execute(_EVERY_TABLE).fetchall():
                with connection.cursor(name="rows") as cursor:  # the server keeps what is not asked for yet
                    cursor.execute(f"SELECT * FROM {identifier(schema)}.{identifier(name)}".encode())
                    for row in cursor:
                        yield name, row

    def size_bytes(self) -> int:
        with self.connected() as connection:
            [(size,)] = connection.execute("SELECT pg_database_size(current_database())").fetchall()
        return int(size)

    def add_indexes(self) -> None:
        with self.connected() as connection:
            for name, on in INDEXES.items():
                connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {on}".encode())

    def tidy(self) -> None:
        self.add_indexes()
        with self.connected(autocommit=True) as connection:
            for schema, name in connection.execute(_EVERY_TABLE).fetchall():
                connection.execute(f"VACUUM (ANALYZE) {identifier(schema)}.{identifier(name)}".encode())

    def write_anew(self) -> None:
        import psycopg

        with self.connected(autocommit=True) as connection:
            connection.execute("SET lock_timeout = '5s'")
            try:
                for schema, name in connection.execute(_EVERY_TABLE).fetchall():
                    connection.execute(f"VACUUM FULL {identifier(schema)}.{identifier(name)}".encode())
            except psycopg.errors.LockNotAvailable as error:
                raise TimeoutError("another has a table of it open") from error

    @contextmanager
    def lock(self, name: str, timeout_s: float) -> Iterator[None]:
        import psycopg

        key = f"video_assets {name}"
        with self.connected(autocommit=True) as connection:
            session = PostgresTables(connection)
            session.execute(_SESSION, [str(max(1, round(timeout_s * 1000)))])
            try:
                session.execute(_TAKE, [key])
            except psycopg.errors.LockNotAvailable:
                raise Timeout(f"the lock {name!r} of {self.place}") from None
            yield
            try:
                session.execute(_LET_GO, [key])
            except psycopg.OperationalError:
                # The connection was lost, and the lock with it. DuckLake itself refuses a commit that came between, so a
                # commit that is done is done; other work has to be repeated.
                if name != COMMIT:
                    raise

    @contextmanager
    def connected(self, *, autocommit: bool = False) -> Iterator[psycopg.Connection]:
        """A connection; its transaction is committed when the block ends well.

        Raises:
            ValueError: psycopg is not installed.
            ConnectionError: the server does not answer, or not any more.
            PermissionError: it lets nobody in with what the environment has.
            FileNotFoundError: it has no such database, or no service file names it.
        """
        try:
            import psycopg
        except ImportError:
            raise ValueError(
                f"lake.catalog is {self.place}, and psycopg is not installed; pip install 'video_assets[server]'."
            ) from None
        waited = dict(parse_qsl(urlsplit(self.url).query)).get("connect_timeout", str(_CONNECT_S))
        try:
            connection = psycopg.connect(self.url, autocommit=autocommit, connect_timeout=waited)
        except psycopg.OperationalError as error:
            raise self._said(error) from None
        try:
            with connection:
                yield connection
        except psycopg.OperationalError as error:
            said = " ".join(str(error).split())
            raise ConnectionError(f"PostgreSQL at {self.place} stopped answering ({said}); try again.") from error

    def _said(self, error: Exception) -> OSError:
        """Why there is no connection, and what to do. libpq's own words hold no password."""
        said = " ".join(str(error).replace(_HINT, "").split()).rpartition("FATAL: ")[2].strip(" .")
        if "database" in said and "does not exist" in said:
            return FileNotFoundError(
                f"PostgreSQL at {self.place} says: {said}. Make it, with createdb for one, or mend lake.catalog."
            )
        if _NO_SERVICE in said:
            return FileNotFoundError(
                f"{self.place}: {said}. Write it into ~/.pg_service.conf or the file that PGSERVICEFILE names, or mend "
                "lake.catalog."
            )
        if any(words in said for words in _REFUSED):
            return PermissionError(
                f"PostgreSQL at {self.place} lets nobody in: {said}. Give the password by PGPASSWORD, ~/.pgpass or a "
                "service file (PGSERVICE), never in lake.catalog."
            )
        return ConnectionError(f"PostgreSQL at {self.place} does not answer: {said}. Start it, or mend lake.catalog.")


class PostgresTables:
    """A connection to PostgreSQL that takes the statements which SQLite takes too."""

    bytewise = InPostgres.bytewise
    as_text = staticmethod(InPostgres.as_text)

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        found = self._connection.execute(sql.replace("?", "%s").encode(), parameters)
        return found.fetchall() if found.description else []

    def columns(self, table: str) -> list[str]:
        found = self.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = ?::regclass AND attnum > 0 ORDER BY attnum", [table]
        )
        return [name for (name,) in found]
