"""The store on both databases: transactions, the writer, times, migrations."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, MetaData, Table
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import Session, func, select

from prospector.models import Suppression
from prospector.store import Store, StoreError, alembic_config, insert_new, newest_version

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def add(key: str) -> Callable[[Session], str]:
    def work(session: Session) -> str:
        session.add(Suppression(key=key, why="test", at=NOW))
        session.flush()
        return key

    return work


def keys(store: Store) -> set[str]:
    with store.reading() as session:
        return set(session.exec(select(Suppression.key)))


def test_what_is_new_is_inserted_and_told(store: Store) -> None:
    rows = [{"key": f"email:{n}", "why": "x", "at": NOW, "by": ""} for n in range(3)]
    with store.transaction() as session:
        assert sorted(insert_new(session, Suppression, rows[:2], ("key",))) == [("email:0",), ("email:1",)]
        assert insert_new(session, Suppression, rows, ("key",)) == [("email:2",)]


def test_the_writer_commits_together_and_one_failure_takes_nothing_else(store: Store) -> None:
    store.start_writer()
    with ThreadPoolExecutor(8) as threads:
        wanted = [f"email:{n}" for n in range(40)]
        futures = [threads.submit(store.write, add(key)) for key in [*wanted, "email:0"]]
        failed = [future for future in futures if future.exception() is not None]
    assert len(failed) == 1
    assert isinstance(failed[0].exception(), IntegrityError)
    assert keys(store) == set(wanted)


def test_the_writer_answers_only_what_is_committed(store: Store) -> None:
    store.start_writer()
    store.write(add("email:a"))
    other = Store(store.engine.url)
    assert keys(other) == {"email:a"}
    other.close()


def test_a_reader_never_waits_for_a_writer(store: Store) -> None:
    holding, done = threading.Event(), threading.Event()

    def hold(session: Session) -> None:
        add("email:held")(session)
        holding.set()
        assert done.wait(20)

    store.start_writer()
    writer = threading.Thread(target=store.write, args=(hold,))
    writer.start()
    assert holding.wait(20)
    assert keys(store) == set()
    done.set()
    writer.join(20)
    assert keys(store) == {"email:held"}


def test_closing_finishes_what_waits(store: Store) -> None:
    store.start_writer()
    for n in range(20):
        threading.Thread(target=store.write, args=(add(f"email:{n}"),)).start()
    store.write(add("email:last"))
    url = store.engine.url
    store.close()
    again = Store(url)
    assert "email:last" in keys(again)
    again.close()


def test_times_are_aware_utc(store: Store) -> None:
    berlin = datetime(2026, 7, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    with store.transaction() as session:
        session.add(Suppression(key="email:t", why="x", at=berlin))
    with store.reading() as session:
        at = session.exec(select(Suppression.at)).one()
    assert at == berlin
    assert at.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="without a zone"), store.transaction() as session:
        session.add(Suppression(key="email:n", why="x", at=datetime(2026, 7, 1)))


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    def halfway(session: Session) -> None:
        add("email:half")(session)
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        store.write(halfway)
    assert keys(store) == set()


def test_migrations_are_complete(store: Store) -> None:
    """What the models say is what the migrations made; and back again to nothing."""
    store.require_current()
    with store.engine.connect() as connection:
        config = alembic_config(connection)
        assert ScriptDirectory.from_config(config).get_current_head() == newest_version()
        command.check(config)
        command.downgrade(config, "base")
        command.upgrade(config, "head")
        assert connection.scalar(select(func.count()).select_from(Suppression)) == 0


AROSE = "2026-11-22T11:30:00.250000+01:00"
FIRST_VERSION = {
    "user": {"email": "ana@us.example", "name": "Ana", "role": "rep"},
    "prospect": {"name": "Jörg", "email": "j@x.example", "stage": "cold", "tags": ["a", "ü"]},
    "run": {"kind": "edit"},
    "card": {"state": "open", "section": "answer", "causes": [{"kind": "answer", "at": AROSE}]},
    "profile": {"platform": "bluesky", "url": "https://bsky.app/profile/j", "handle": "j"},
    "engagement": {"key": "k", "by": "them", "channel": "bluesky", "kind": "reply"},
    "message": {"action": "reply", "state": "draft", "occasion": "k", "body": "Hello"},
}
"""A row of each table whose columns changed since, in the order of their foreign keys."""


def filled(table: Table, given: dict[str, Any]) -> dict[str, Any]:
    """A row with the first row of every other table behind its foreign keys."""
    row: dict[str, Any] = {"id": 1, **given}
    for column in table.columns:
        if column.name in row or column.foreign_keys:
            refers_to = {key.column.table.name for key in column.foreign_keys}
            row |= {column.name: 1} if refers_to & FIRST_VERSION.keys() else {}
        elif not column.nullable:
            kind = column.type.python_type
            row[column.name] = NOW if kind is datetime else {} if isinstance(column.type, JSON) else kind()
    return row


def rows_of(store: Store) -> dict[str, list[dict[str, Any]]]:
    known = MetaData()
    known.reflect(store.engine)
    with store.engine.connect() as connection:
        return {
            name: [dict(row) for row in connection.execute(known.tables[name].select()).mappings()]
            for name in FIRST_VERSION
        }


def test_migrating_keeps_every_row(store: Store) -> None:
    """The first version's tables with rows that point to each other, brought to this version."""
    with store.engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0001")
        connection.commit()
    known = MetaData()
    known.reflect(store.engine)
    with store.engine.begin() as connection:
        for name, given in FIRST_VERSION.items():
            connection.execute(known.tables[name].insert().values(filled(known.tables[name], given)))
    before = rows_of(store)
    assert before["message"][0]["card_id"] == before["card"][0]["prospect_id"] == 1

    store.migrate()

    store.require_current()
    for name, (row,) in rows_of(store).items():
        assert {column: row[column] for column in before[name][0]} == before[name][0]
        if name == "card":
            assert row["arrived_at"] == row["created_at"]
            assert row["created_at"] - row["since"] == NOW - datetime.fromisoformat(AROSE)
    with pytest.raises(IntegrityError), store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE message SET card_id = 77")


def test_a_database_of_a_newer_version_is_refused(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'zzzz'")
    with pytest.raises(StoreError, match="newer prospector"):
        store.migrate()
    with pytest.raises(StoreError, match="newer prospector"):
        store.require_current()


def test_an_empty_database_is_told_to_be_migrated(tmp_path: Path) -> None:
    empty = Store(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(StoreError, match="prospector run"):
        empty.require_current()
    empty.close()
