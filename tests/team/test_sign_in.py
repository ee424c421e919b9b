"""A sign-in as a whole: one answer for all that is wrong, limits, codes, and nothing that tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from sqlmodel import Session, select
from tests.colleagues import CHEAP, PASSWORD, user

from prospector.models import Attempt, User
from prospector.store import Store
from prospector.team import sessions, totp, users
from prospector.team.passwords import HASHER, verify
from prospector.team.sealing import Seal, SealingError
from prospector.team.sign_in import Browser, Credentials, Entry, RefusedError, TooOftenError, WrongError
from prospector.team.sign_in import confirmed as confirm
from prospector.team.sign_in import sign_in as enter

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HERE = Browser("10.0.0.1")


class Place:
    """One store with Ana in it, and a clock of its own."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.seal, self.now = store, Seal.of(folder), NOW
        self.ana = user(store, email="ana@us.example")

    def tries(
        self, password: str = PASSWORD, email: str = "ana@us.example", code: str = "", browser: Browser = HERE
    ) -> Entry:
        return enter(self.store, self.seal, Credentials(email, password, code), browser, CHEAP, self.now)

    def with_code(self) -> pyotp.TOTP:
        secret = totp.new_secret()

        def work(session: Session) -> None:
            totp.turn_on(session, self.ana.id, self.seal.close(session, secret), 0)

        self.store.write(work)
        return pyotp.TOTP(secret)


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Place:
    return Place(store, tmp_path)


def test_the_right_password_lets_in_and_counts_as_no_try(place: Place) -> None:
    for _ in range(25):
        entry = place.tries()
    assert entry.user_id == place.ana.id
    with place.store.reading() as session:
        assert sessions.signed(session, entry.session, "session", NOW) is not None
        assert session.exec(select(Attempt)).all() == []


def test_whatever_is_wrong_is_told_in_the_same_words(place: Place) -> None:
    user(place.store, "rep", "no.password@us.example", None)
    away = user(place.store, "rep", "away@us.example")
    place.store.write(lambda s: users.disable(s, session_user(s, away), NOW))
    said = set()
    for email, password in (
        ("ana@us.example", "wrong"),
        ("ana@us.example", ""),
        ("nobody@us.example", PASSWORD),
        ("no.password@us.example", ""),
        ("no.password@us.example", "nobody has this password"),
        ("away@us.example", PASSWORD),
        ("", ""),
        ("'; DROP TABLE user; --", "x" * 5_000),
        ("ana@us.example\x00", PASSWORD),
    ):
        with pytest.raises(WrongError) as refused:
            place.tries(password, email)
        said.add(str(refused.value))
    assert len(said) == 1


def session_user(session: Session, someone: User) -> User:
    return session.get_one(User, someone.id)


def test_the_twenty_first_try_is_refused_even_if_right_but_not_on_her_own_device(place: Place) -> None:
    device = place.tries().device
    for number in range(20):
        with pytest.raises(WrongError):
            place.tries("wrong", browser=Browser(f"10.0.1.{number}"))
    with pytest.raises(TooOftenError):
        place.tries(browser=Browser("10.0.2.1"))
    place.tries(browser=Browser("10.0.2.1", None, device))
    # Unknown accounts are limited the same, so that the limit does not tell who is there.
    for _ in range(20):
        with pytest.raises(WrongError):
            place.tries("wrong", "nobody@us.example", browser=Browser("10.0.3.1"))
    with pytest.raises(TooOftenError):
        place.tries("wrong", "nobody@us.example", browser=Browser("10.0.3.1"))
    place.now += timedelta(hours=1)
    place.tries(browser=Browser("10.0.2.1"))


def test_a_code_is_asked_for_and_works_once(place: Place) -> None:
    app = place.with_code()
    for code in ("", "000000", app.at(NOW - timedelta(minutes=5)), "١٢٣٤٥٦"):
        with pytest.raises(WrongError):
            place.tries(code=code)
    place.tries(code=app.at(NOW))
    with pytest.raises(WrongError):
        place.tries(code=app.at(NOW))
    place.now += timedelta(seconds=30)
    place.tries(code=app.at(place.now))


def test_a_wrong_code_counts_as_a_try(place: Place) -> None:
    place.with_code()
    for _ in range(20):
        with pytest.raises(WrongError):
            place.tries(code="123")
    with pytest.raises(TooOftenError):
        place.tries(code="123")


def test_without_the_key_a_code_cannot_be_checked_and_nobody_gets_in(place: Place) -> None:
    app = place.with_code()
    place.seal.path.unlink()
    with pytest.raises(SealingError):
        place.tries(code=app.at(NOW))
    with pytest.raises(WrongError):
        place.tries("wrong")


def test_a_hash_of_other_costs_is_made_anew(place: Place) -> None:
    enter(place.store, place.seal, Credentials("ana@us.example", PASSWORD), HERE, HASHER, NOW)
    with place.store.reading() as session:
        kept = session_user(session, place.ana).password
    assert kept is not None
    assert kept.startswith("$argon2id$v=19$m=65536")
    assert verify(PASSWORD, kept)


def test_before_something_grave_the_password_is_asked_for_and_counted(place: Place) -> None:
    with place.store.reading() as session:
        ana = session_user(session, place.ana)
    confirm(place.store, ana, PASSWORD, "10.0.0.1", CHEAP, NOW)
    for _ in range(20):
        with pytest.raises(RefusedError, match="not your password"):
            confirm(place.store, ana, "wrong", "10.0.0.1", CHEAP, NOW)
    with pytest.raises(TooOftenError):
        confirm(place.store, ana, PASSWORD, "10.0.0.1", CHEAP, NOW)


def test_nothing_that_is_typed_or_given_out_shows_in_a_repr(place: Place) -> None:
    entry = place.tries()
    shown = repr((Credentials("ana@us.example", PASSWORD, "123456"), Browser("x", "s3ss", "d3v"), entry))
    assert not [
        one for one in (PASSWORD, "123456", "s3ss", "d3v", entry.session, entry.device) if one in shown
    ]
