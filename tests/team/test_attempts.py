"""X8: how many guesses pass, over all processes and however they are spread; the owner still gets in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from prospector.models import Attempt
from prospector.store import Store
from prospector.team import attempts

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ANA = "ana@us.example"


def passes(store: Store, email: str, address: str, at: datetime, device: str | None = None) -> bool:
    return attempts.begin(store, attempts.allowances(email, address, device), at) is not None


def rows(store: Store) -> int:
    with store.reading() as session:
        return len(session.exec(select(Attempt.id)).all())


def test_ten_thousand_guesses_from_a_thousand_addresses(store: Store) -> None:
    """Within the hour, from every address ten times: twenty pass, and the table stays small."""
    passed = 0
    for guess in range(10_000):
        at = NOW + timedelta(seconds=guess * 0.35)
        passed += passes(store, ANA, f"10.{guess % 1000 // 250}.{guess % 250}.7", at)
    assert passed == 20
    assert rows(store) == 40
    assert passes(store, ANA, "10.9.9.9", NOW + timedelta(minutes=59), "hash of her laptop")
    assert not passes(store, ANA, "10.9.9.9", NOW + timedelta(minutes=59))


def test_in_any_hour_twenty_pass_and_not_one_more(store: Store) -> None:
    times = [NOW + timedelta(minutes=minute) for minute in range(0, 300, 2)]
    passed = [at for at in times if passes(store, ANA, "10.0.0.1", at)]
    for start in times:
        assert len([at for at in passed if start <= at < start + attempts.WITHIN]) <= attempts.PER_ACCOUNT
    assert len(passed) >= 4 * attempts.PER_ACCOUNT


def test_an_address_that_tries_many_accounts_has_a_hundred(store: Store) -> None:
    passed = [passes(store, f"user{number}@us.example", "10.0.0.1", NOW) for number in range(300)]
    assert sum(passed) == attempts.PER_ADDRESS
    assert passes(store, "user299@us.example", "10.0.0.2", NOW)


def test_a_known_device_has_twenty_of_its_own(store: Store) -> None:
    assert sum(passes(store, ANA, "10.0.0.1", NOW, "hash") for _ in range(60)) == attempts.PER_DEVICE
    assert passes(store, ANA, "10.0.0.1", NOW)


def test_those_who_try_at_the_same_moment_share_the_limit(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        passed = list(pool.map(lambda n: passes(store, ANA, f"10.0.0.{n}", NOW), range(64)))
    assert 1 <= sum(passed) <= attempts.PER_ACCOUNT


def test_a_sign_in_that_was_right_does_not_count(store: Store) -> None:
    for _ in range(30):
        ids = attempts.begin(store, attempts.allowances(ANA, "10.0.0.1", None), NOW)
        assert ids is not None
        store.write(lambda session, ids=ids: attempts.forgive(session, ids))
    assert rows(store) == 0


def test_what_counts_no_more_is_swept(store: Store) -> None:
    assert passes(store, ANA, "10.0.0.1", NOW)
    assert passes(store, "jonas@us.example", "10.0.0.2", NOW + timedelta(hours=2))
    assert rows(store) == 2


def test_neither_address_nor_what_was_typed_for_one_is_kept(store: Store) -> None:
    assert passes(store, "my password by mistake", "10.0.0.1", NOW)
    with store.reading() as session:
        assert not [key for key in session.exec(select(Attempt.key)) if "password" in key]


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_the_addresses_of_one_network_share_a_limit(address: object, host: int) -> None:
    sibling = type(address)((int(address) >> 64 << 64) + host)  # type: ignore[call-overload]
    if address.ipv4_mapped is None and sibling.ipv4_mapped is None:  # type: ignore[attr-defined]
        one, other = (attempts.allowances(ANA, str(a), None)[1].key for a in (address, sibling))
        assert one == other


@given(st.text(max_size=40))
def test_any_address_has_a_key(text: str) -> None:
    assert attempts.allowances(ANA, text, None)[1].key.startswith("address:")


def test_how_an_address_is_written_makes_no_difference() -> None:
    keys = {attempts.allowances(email, "::ffff:10.0.0.1", None) for email in (ANA, " ANA@us.example ")}
    assert keys == {attempts.allowances(ANA, "10.0.0.1", None)}
