"""The sandbox's two users: whose people are whose, and the link that signs one of them in once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from sqlmodel import select
from tests.shell import Shell

from prospector.installation import open_installation, utc_now
from prospector.models import Prospect, User
from prospector.prospects.people import NewProspect, add
from prospector.sandbox import staff
from prospector.store import Store
from prospector.team import sessions

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_everybody_belongs_to_one_of_the_two(store: Store) -> None:
    with store.transaction() as session:
        ids = [add(session, NewProspect(f"Person {n}"), "cold", {}, NOW).id for n in range(10)]
        staff.share(session, ids, NOW)
    with store.reading() as session:
        users = {user.id: user for user in session.exec(select(User))}
        owned = Counter(users[owner].name for owner in session.exec(select(Prospect.owner_id)) if owner)
    assert owned == {staff.NAME: 8, staff.JONAS: 2}
    assert {user.role for user in users.values()} == {"admin", "rep"}


def test_the_link_works_once(shell: Shell) -> None:
    opened = open_installation(shell.folder)
    try:
        opened.store.write(lambda session: staff.share(session, [], NOW))
        link = staff.link(opened, 9797)
        assert link.startswith("http://127.0.0.1:9797/login/link/")
        token = link.rpartition("/")[2]
        used = [
            opened.store.write(lambda session: sessions.use_link(session, token, utc_now())) for _ in "ab"
        ]
        assert [user and user.email for user in used] == [staff.ADDRESS, None]
    finally:
        opened.close()
