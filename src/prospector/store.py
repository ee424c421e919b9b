"""Connect, transact, insert-or-ignore: the only file that knows the two databases apart.

Writers on SQLite take `BEGIN IMMEDIATE`, since a deferred transaction that writes later fails at
once with "database is locked". A running process writes through one `Writer`, which commits what
waits together, a savepoint each; every other command uses short transactions beside it.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, Select, create_engine, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, SQLModel

from prospector.models import HIGHEST_ID, table_of

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

T = TypeVar("T")
GROUP = 256
BUSY_SECONDS = 10.0
MIGRATION_LOCK = 0x6D696772
MIGRATIONS = Path(__file__).parent / "migrations"
NEWER = "The database was made by a newer prospector. Install that version, or restore a backup."


class StoreError(Exception):
    """The database cannot be used; the message says what to do."""


def connect(url: str | URL) -> Engine:
    """An engine with what is right for SQLite or PostgreSQL from the first statement on.

    Raises `StoreError` for any other database.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})
        _prepare_sqlite(engine)
    elif parsed.get_backend_name() != "postgresql":
        raise StoreError(f'{parsed.get_backend_name()} is not supported; use "sqlite" or PostgreSQL.')
    else:
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=5, max_overflow=10
        )
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def say(error: SQLAlchemyError) -> str:
    """What a database error means for a person, and what to do."""
    said = str(getattr(error, "orig", None) or error).strip()
    known = {
        "disk is full": "The disk is full. Free some space; nothing was lost and work goes on by itself.",
        "disk I/O error": "The database could not be written (disk full, or a quota?). Free some space.",
        "database is locked": "Another program has held the database for over 10 s. Close it and try again.",
        "readonly database": "The database is read-only. Give this user write access to the workspace.",
        "unable to open database file": "The database cannot be opened. Check the folder and its rights.",
        "malformed": "The database file is damaged. Restore the last backup.",
        "not a database": "The database file is not a database. Restore the last backup.",
    }
    first = said.splitlines()[0] if said else type(error).__name__
    return next((advice for sign, advice in known.items() if sign in said), f"Database: {first}")


class Store:
    """One database: reads, short write transactions, and the writer of a running process."""

    def __init__(self, url: str | URL) -> None:
        self.engine = connect(url)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._reading = self.engine.execution_options(read_only=True)
        self._writer: Writer | None = None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that never waits for a writer; its changes are not kept."""
        with Session(self._reading) as session:
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: all or nothing. For commands beside a running process, and tests."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def start_writer(self) -> None:
        self._writer = self._writer or Writer(self.engine)

    def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction and commit it; through the writer where one runs."""
        if self._writer is not None:
            return self._writer.submit(work).result()
        with self.transaction() as session:
            return work(session)

    async def write_async(self, work: Callable[[Session], T]) -> T:
        """The same, from the event loop: answered once it is committed."""
        if self._writer is None:
            return await asyncio.to_thread(self.write, work)
        return await asyncio.wrap_future(self._writer.submit(work))

    async def read_async(self, work: Callable[[Session], T]) -> T:
        def read() -> T:
            with self.reading() as session:
                return work(session)

        return await asyncio.to_thread(read)

    def close(self) -> None:
        """Finish what waits in the writer, then let the database go."""
        if self._writer is not None:
            self._writer.stop()
            self._writer = None
        self.engine.dispose()

    # --- schema ---------------------------------------------------------------------------------

    def migrate(self) -> None:
        """Bring the schema to this version; all or nothing."""
        # Here and not above: every command would pay for the import, and few migrate.
        from alembic import command

        with self.engine.connect() as connection, _tables_may_be_replaced(connection):
            if not self.sqlite:
                # Of several processes that start at once, one migrates and the others wait.
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            current = _version(connection)
            if current == newest_version():
                return
            if current is not None and current > newest_version():
                raise StoreError(NEWER)
            command.upgrade(alembic_config(connection), "head")
            if self.sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise StoreError("The database holds rows that belong to none. Restore the last backup.")
            connection.commit()

    def require_current(self) -> None:
        """Raises `StoreError` where the schema is not of this version."""
        with self._reading.connect() as connection:
            current = _version(connection)
        if current is not None and current > newest_version():
            raise StoreError(NEWER)
        if current != newest_version():
            raise StoreError(
                "The database is of an older version. `prospector run` migrates it at its start."
            )


def newest_version() -> str:
    """The version of the schema that this code is for: the number that the newest migration bears."""
    return max(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _version(connection: Connection) -> str | None:
    """The version of a database's schema; None before the first migration."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


@contextmanager
def _tables_may_be_replaced(connection: Connection) -> Iterator[None]:
    """SQLite changes a column by making the table anew, and drops no table that others' rows point to
    (sqlite.org/lang_altertable.html, section 7). Its switch works only outside of a transaction."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys=ON")


def alembic_config(connection: Connection) -> AlembicConfig:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


class Writer:
    """A thread that runs store functions in order and commits those that wait together.

    Each has a savepoint of its own, so one that fails takes nothing else with it; nobody is
    answered before the commit. Functions must do nothing but read and write the session, since
    they run again when the database asks for it (PostgreSQL: deadlock, serialization).
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: queue.SimpleQueue[tuple[Callable[[Session], Any], Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Session], T]) -> Future[T]:
        answer: Future[T] = Future()
        self._waiting.put((work, answer))
        return answer

    def stop(self) -> None:
        self._waiting.put(None)
        self._thread.join(timeout=30)

    def _serve(self) -> None:
        stopping = False
        while not stopping:
            group = [self._waiting.get()]
            while len(group) < GROUP and not self._waiting.empty():
                group.append(self._waiting.get())
            stopping = None in group
            jobs = [job for job in group if job is not None and job[1].set_running_or_notify_cancel()]
            if jobs:
                self._commit_together(jobs)

    def _commit_together(self, jobs: Sequence[tuple[Callable[[Session], Any], Future[Any]]]) -> None:
        try:
            outcomes = self._in_one_transaction([work for work, _ in jobs])
        except Exception as error:
            if len(jobs) == 1 and not _asks_to_try_again(error):
                jobs[0][1].set_exception(error)
                return
            outcomes = [self._alone(work) for work, _ in jobs]
        for (_, answer), (result, failure) in zip(jobs, outcomes, strict=True):
            if failure is not None:
                answer.set_exception(failure)
            else:
                answer.set_result(result)

    def _alone(self, work: Callable[[Session], Any]) -> tuple[Any, Exception | None]:
        failure: Exception | None = None
        for _ in range(3):
            try:
                return self._in_one_transaction([work])[0]
            except Exception as error:
                failure = error
                if not _asks_to_try_again(error):
                    break
        return None, failure

    def _in_one_transaction(
        self, works: Sequence[Callable[[Session], Any]]
    ) -> list[tuple[Any, Exception | None]]:
        outcomes: list[tuple[Any, Exception | None]] = []
        with self._engine.begin() as connection:
            for work in works:
                try:
                    outcomes.append((_in_savepoint(connection, work), None))
                except Exception as error:
                    if _asks_to_try_again(error) or not connection.in_transaction():
                        raise
                    outcomes.append((None, error))
        return outcomes


def _in_savepoint(connection: Connection, work: Callable[[Session], T]) -> T:
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        result = work(session)
        session.commit()
        return result


def _asks_to_try_again(error: BaseException) -> bool:
    """PostgreSQL's serialization failures and deadlocks (SQLSTATE class 40)."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(error, DBAPIError) and isinstance(state, str) and state.startswith("40")


def insert_new(
    session: Session,
    model: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    returning: Sequence[str] = ("id",),
) -> list[tuple[Any, ...]]:
    """Insert what is not there yet; the returned columns of the rows that were new, in no order.

    The rows have the same columns. They are bound to one short statement, which is compiled once;
    a statement with all of them in it would be compiled for each number of rows.
    """
    if not rows:
        return []
    connection = session.connection()
    statement = _insert_new(model, connection.dialect.name, tuple(returning))
    return [tuple(row) for row in connection.execute(statement, [dict(row) for row in rows])]


@cache
def _insert_new(model: type[SQLModel], dialect: str, returning: tuple[str, ...]) -> Executable:
    table = table_of(model)
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(table).on_conflict_do_nothing().returning(*(table.c[name] for name in returning))


def read_rows(session: Session, statement: Select[Any], **values: Any) -> Sequence[Any]:
    """The rows that a statement gives which was made once, with a `bindparam` for each value.

    For reads that each look needs: making a statement, and objects of its rows, costs several times
    as much as the read.
    """
    session.flush()
    return session.connection().execute(statement, values).all()


M = TypeVar("M", bound=SQLModel)


def by_id(session: Session, model: type[M], id_: int) -> M | None:
    """The row of this number; None also for a number that no row can have, which a person typed."""
    return session.get(model, id_) if 0 < id_ <= HIGHEST_ID else None


__all__ = ["Store", "StoreError", "Writer", "by_id", "connect", "insert_new", "read_rows", "say"]
