"""Users: what is refused, what ends with what, and that an admin stays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select
from tests.colleagues import PASSWORD, token, user

from prospector.models import Login, User
from prospector.prospects.people import NotFoundError, TakenError
from prospector.store import Store
from prospector.team import sessions, users
from prospector.team.passwords import PasswordError
from prospector.team.users import UserError

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"email": "ana"}, "no e-mail address"),
        ({"email": "ana@us.example\r\nBcc: all@us.example"}, "no e-mail address"),
        ({"name": "   "}, "Give a name"),
        ({"name": "x" * 121}, "Give a name"),
        ({"role": "root"}, "rep, founder, manager, admin"),
        ({"timezone": "Mars/Base"}, "time zone"),
    ],
)
def test_what_cannot_be_a_user_is_told(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        users.checked(**{"email": "ana@us.example", "name": "Ana", **wrong})


def test_an_address_is_one_user_however_it_is_written(store: Store) -> None:
    first = store.write(lambda s: users.add(s, users.checked(" Ana@US.example", "Ana  Sommer"), NOW))
    assert (first.email, first.name, first.role) == ("ana@us.example", "Ana Sommer", "rep")
    with pytest.raises(TakenError):
        store.write(lambda s: users.add(s, users.checked("ANA@us.example", "Other"), NOW))
    with store.reading() as session:
        assert users.find(session, "ANA@us.example ").id == first.id
        with pytest.raises(NotFoundError):
            users.find(session, "jonas@us.example")


def test_a_list_shows_no_hash(store: Store) -> None:
    someone = user(store)
    row = users.row_of(someone)
    assert row["password"] is True
    assert someone.password is not None
    assert someone.password not in str(row)


def of(session: Session, someone: User) -> User:
    return session.get_one(User, someone.id)


def kinds(store: Store, someone: User) -> list[str]:
    with store.reading() as session:
        return sorted(session.exec(select(Login.kind).where(Login.user_id == someone.id)))


def test_a_new_password_ends_what_the_old_one_opened_but_for_the_session_it_was_set_in(store: Store) -> None:
    someone = user(store)
    mine, device = token(store, someone.id), token(store, someone.id, "device")
    for kind in ("session", "device", "api", "link"):
        token(store, someone.id, kind)
    keep = {sessions.hash_of(one) for one in (mine, device)}
    ended = store.write(lambda s: users.set_password(s, of(s, someone), "hash", keep))
    assert ended == 3
    assert kinds(store, someone) == ["api", "device", "session"]


def test_a_password_is_held_against_its_owner(store: Store) -> None:
    someone = user(store)
    with pytest.raises(PasswordError):
        users.good(someone, someone.email)
    assert users.good(someone, PASSWORD + " too").startswith("$argon2id$")


def test_the_last_admin_stays(store: Store) -> None:
    ana = user(store)
    for work in (
        lambda s: users.disable(s, of(s, ana), NOW),
        lambda s: users.set_role(s, of(s, ana), "rep"),
    ):
        with pytest.raises(UserError, match="only admin"):
            store.write(work)
    jonas = user(store, email="jonas@us.example")
    store.write(lambda s: users.disable(s, of(s, ana), NOW))
    with pytest.raises(UserError, match="only admin"):
        store.write(lambda s: users.set_role(s, of(s, jonas), "manager"))


def test_another_role_is_signed_in_anew(store: Store) -> None:
    user(store)
    jonas = user(store, "rep")
    token(store, jonas.id)
    token(store, jonas.id, "api")
    store.write(lambda s: users.set_role(s, of(s, jonas), "rep"))
    assert kinds(store, jonas) == ["api", "session"]
    store.write(lambda s: users.set_role(s, of(s, jonas), "manager"))
    assert kinds(store, jonas) == ["api"]
    with pytest.raises(UserError):
        store.write(lambda s: users.set_role(s, of(s, jonas), "root"))


def test_who_is_enabled_again_signs_in_anew(store: Store) -> None:
    user(store)
    jonas = user(store, "rep")
    old = token(store, jonas.id)
    store.write(lambda s: users.disable(s, of(s, jonas), NOW))
    store.write(lambda s: users.enable(s, of(s, jonas)))
    with store.reading() as session:
        assert of(session, jonas).disabled_at is None
        assert sessions.signed(session, old, "session", NOW) is None
