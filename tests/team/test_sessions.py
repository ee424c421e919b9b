"""X7 where it is decided: who is let in by what, until when, and what ends it."""

from __future__ import annotations

import string
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select
from tests.colleagues import user

from prospector.config import Web
from prospector.models import Login
from prospector.store import Store
from prospector.team import sessions, users

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def begun(store: Store, kind: str, user_id: int | None, at: datetime = NOW) -> str:
    return store.write(lambda session: sessions.begin(session, kind, user_id, at, kind))


def lets_in(store: Store, token: str, kind: str, at: datetime) -> bool:
    with store.reading() as session:
        return sessions.signed(session, token, kind, at) is not None


def hashes(session: Session) -> set[str]:
    return set(session.exec(select(Login.token_hash)))


def test_tokens_are_32_random_bytes_of_which_only_the_hash_is_kept(store: Store) -> None:
    someone = user(store)
    tokens = [begun(store, "session", someone.id) for _ in range(200)]
    assert len(set(tokens)) == 200
    assert {len(token) for token in tokens} == {43}  # 256 bits of 6 each
    counted = Counter("".join(tokens))
    assert set(counted) == {*string.ascii_letters, *string.digits, "-", "_"}
    with store.reading() as session:
        assert hashes(session) == {sessions.hash_of(token) for token in tokens}


@pytest.mark.parametrize(("kind", "lasts"), sessions.LASTS.items())
def test_each_kind_works_so_long(store: Store, kind: str, lasts: timedelta) -> None:
    someone = user(store)
    token = begun(store, kind, someone.id)
    store.write(lambda session: sessions.note_use(session, sessions.hash_of(token), NOW + lasts - SECOND))
    assert lets_in(store, token, kind, NOW + lasts - SECOND)
    assert not lets_in(store, token, kind, NOW + lasts)


def test_a_session_ends_when_nobody_uses_it(store: Store) -> None:
    someone = user(store)
    token, device = begun(store, "session", someone.id), begun(store, "device", someone.id)
    assert lets_in(store, token, "session", NOW + sessions.IDLE - SECOND)
    assert not lets_in(store, token, "session", NOW + sessions.IDLE)
    assert lets_in(store, device, "device", NOW + sessions.IDLE)


@given(st.lists(st.integers(1, 30 * 3600), min_size=1, max_size=40))
def test_no_use_keeps_a_session_beyond_seven_days_or_over_an_idle_gap(gaps: list[int]) -> None:
    login = Login(
        token_hash="x",
        kind="session",
        created_at=NOW,
        seen_at=NOW,
        expires_at=NOW + sessions.LASTS["session"],
    )
    at, ended = NOW, False
    for gap in gaps:
        at += timedelta(seconds=gap)
        ended = ended or gap >= sessions.IDLE.total_seconds() or at >= NOW + timedelta(days=7)
        assert sessions.alive(login, at) == (not ended) or ended
        if sessions.alive(login, at) and not ended:
            login.seen_at = at
    assert not (sessions.alive(login, at) and at - NOW >= timedelta(days=7))


def test_its_use_is_noted_at_most_once_a_minute(store: Store) -> None:
    someone = user(store)
    token = begun(store, "session", someone.id)
    with store.reading() as session:
        soon = sessions.signed(session, token, "session", NOW + timedelta(seconds=59))
        later = sessions.signed(session, token, "session", NOW + timedelta(seconds=60))
    assert soon is not None
    assert later is not None
    assert (soon.stale, later.stale) == (False, True)


def test_a_token_of_one_kind_is_none_of_another(store: Store) -> None:
    someone = user(store)
    for kind in sessions.LASTS:
        token = begun(store, kind, someone.id)
        assert [other for other in sessions.LASTS if lets_in(store, token, other, NOW)] == [kind]


def test_signing_in_ends_what_the_browser_came_with(store: Store) -> None:
    someone = user(store)
    planted, old_device = begun(store, "session", someone.id), begun(store, "device", someone.id)
    new, device = store.write(lambda s: sessions.sign_in(s, someone.id, NOW, planted, old_device))
    assert new != planted
    assert not lets_in(store, planted, "session", NOW)
    assert not lets_in(store, old_device, "device", NOW)
    assert lets_in(store, new, "session", NOW)
    assert lets_in(store, device, "device", NOW)


def test_an_id_that_was_never_given_out_lets_nobody_in(store: Store) -> None:
    someone = user(store)
    chosen = "A" * 43
    new, _ = store.write(lambda s: sessions.sign_in(s, someone.id, NOW, chosen, None))
    assert new != chosen
    assert not lets_in(store, chosen, "session", NOW)


def test_renewing_leaves_the_old_id_dead(store: Store) -> None:
    someone = user(store)
    old = begun(store, "session", someone.id)
    new = store.write(lambda session: sessions.renew(session, old, NOW))
    assert new is not None
    assert not lets_in(store, old, "session", NOW)
    assert lets_in(store, new, "session", NOW)
    assert store.write(lambda session: sessions.renew(session, old, NOW)) is None


def test_a_device_is_known_for_its_owner_alone(store: Store) -> None:
    ana, jonas = user(store, email="ana@us.example"), user(store, "rep", "jonas@us.example")
    token = begun(store, "device", ana.id)
    with store.reading() as session:
        assert sessions.device_of(session, token, ana.email, NOW) == sessions.hash_of(token)
        assert sessions.device_of(session, token, jonas.email, NOW) is None


def test_a_disabled_user_is_let_in_by_nothing(store: Store) -> None:
    user(store)
    jonas = user(store, "rep")
    tokens = {kind: begun(store, kind, jonas.id) for kind in ("session", "device", "api", "link")}

    def disable(session: Session) -> None:
        users.disable(session, users.find(session, jonas.email), NOW)

    store.write(disable)
    assert not any(lets_in(store, token, kind, NOW) for kind, token in tokens.items())
    with store.reading() as session:
        assert hashes(session) == set()


def test_a_link_works_once_however_many_press_it(store: Store) -> None:
    someone = user(store)
    token = begun(store, "link", someone.id)
    with ThreadPoolExecutor(8) as pool:
        used = list(pool.map(lambda _: store.write(lambda s: sessions.use_link(s, token, NOW)), range(8)))
    assert len([one for one in used if one is not None]) == 1


def test_an_old_link_is_none(store: Store) -> None:
    someone = user(store)
    token = begun(store, "link", someone.id)
    assert store.write(lambda s: sessions.use_link(s, token, NOW + timedelta(minutes=10))) is None


def test_of_several_who_set_up_at_once_one_becomes_the_first_user(store: Store) -> None:
    tokens = [store.write(lambda session: sessions.setup_token(session, NOW)) for _ in range(6)]

    def make(number: int) -> bool:
        new = users.checked(f"first{number}@us.example", "First", "admin")
        try:
            store.write(lambda s: users.add_first(s, new, "hash", tokens[number] or "", NOW))
        except users.UserError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(make, range(6))) == 1
    with store.reading() as session:
        assert len(users.listed(session)) == 1
    assert store.write(lambda session: sessions.setup_token(session, NOW)) is None


def test_only_the_token_of_the_console_sets_up(store: Store) -> None:
    token = store.write(lambda session: sessions.setup_token(session, NOW))
    assert token is not None
    day = timedelta(days=1)
    with store.reading() as session:
        assert sessions.setup_open(session, token, NOW + day - SECOND)
        assert not sessions.setup_open(session, token, NOW + day)
        assert not sessions.setup_open(session, "A" * 43, NOW)
        assert not sessions.setup_open(session, sessions.FIRST, NOW)


def test_what_works_no_more_is_swept(store: Store) -> None:
    someone = user(store)
    begun(store, "link", someone.id, NOW - timedelta(minutes=10))
    begun(store, "session", someone.id, NOW - sessions.IDLE)
    kept = {sessions.hash_of(begun(store, kind, someone.id)) for kind in ("session", "api")}
    assert store.write(lambda session: sessions.sweep(session, NOW)) == 2
    with store.reading() as session:
        assert hashes(session) == kept


def test_somebody_revokes_their_own_alone(store: Store) -> None:
    ana, jonas = user(store), user(store, "rep")
    token = begun(store, "api", ana.id)
    name = sessions.hash_of(token)[:16]
    assert not store.write(lambda session: sessions.revoke(session, jonas.id, "api", name))
    assert not store.write(lambda session: sessions.revoke(session, ana.id, "api", ""))
    assert not store.write(lambda session: sessions.revoke(session, ana.id, "session", name))
    assert lets_in(store, token, "api", NOW)
    assert store.write(lambda session: sessions.revoke(session, ana.id, "api", name))
    assert not lets_in(store, token, "api", NOW)


@pytest.mark.parametrize(
    ("page", "port", "home"),
    [
        (Web(), None, "http://127.0.0.1:8787"),
        (Web(port=0), 41_000, "http://127.0.0.1:41000"),
        (Web(host="::1"), None, "http://[::1]:8787"),
        (Web(host="0.0.0.0"), None, "http://127.0.0.1:8787"),
        (Web(url="https://p.example.com/"), 1, "https://p.example.com"),
    ],
)
def test_links_lead_to_where_people_open_the_pages(page: Web, port: int | None, home: str) -> None:
    assert sessions.home(page, port) == home
    assert sessions.link(home, "abc") == f"{home}/login/link/abc"
