from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from tests.office import Office, office

from prospector import config
from prospector.models import Account, Message
from prospector.outreach import ledger, outbox
from prospector.outreach.ledger import Limits, limits_of
from prospector.outreach.ramp import Ramp
from prospector.store import Store

SECOND = '[accounts.second]\nconnector = "mail"\nevery = "0s"\n'


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path, SECOND)


def mailboxes(place: Office) -> tuple[int, int]:
    return place.installation.account_ids["mail"], place.installation.account_ids["second"]


def claims(place: Office, message_id: int, limits: Limits) -> bool:
    return place.write(lambda session: outbox.claim(session, message_id, limits, place.now)) is not None


def approved(place: Office, count: int, domain: str, account_id: int | None = None) -> list[int]:
    """Mails to people of one domain, from this mailbox."""
    made = []
    for number in range(count):
        name = f"{domain.replace('.', '')}{number}"
        person = place.person(name, email=f"{name}@{domain}", company=domain)
        message_id = place.draft(person)
        if account_id is not None:
            place.change(Message, message_id, account_id=account_id)
        place.write(
            lambda session, id_=message_id: outbox.approve(
                session,
                session.get_one(Message, id_),
                user_id=None,
                domain="us.example",
                hold=timedelta(),
                now=place.now,
            )
        )
        made.append(message_id)
    return made


def test_one_domain_of_theirs_gets_so_many_a_day_from_all_mailboxes_together(place: Office) -> None:
    first, second = mailboxes(place)
    limits = Limits(domain_cap=2, mailboxes=(first, second))
    mine, other = approved(place, 2, "acme.example", first), approved(place, 2, "ACME2.example", second)
    more = approved(place, 1, "acme.example0", second)
    place.change(Message, more[0], address="x@acme.example")
    assert [claims(place, one, limits) for one in mine] == [True, True]
    late = place.person("late", email="late@acme.example", company="acme.example")
    third = place.approved(late)
    assert not claims(place, third, limits)
    assert [claims(place, one, limits) for one in other] == [True, True]
    place.later(hours=24)
    assert claims(place, third, limits)


def test_a_wildcard_in_a_domain_matches_only_itself(place: Office) -> None:
    first, _ = mailboxes(place)
    limits = Limits(domain_cap=1, mailboxes=(first,))
    plain, wild = approved(place, 1, "axb.example")[0], approved(place, 1, "a_b.example")[0]
    assert [claims(place, one, limits) for one in (plain, wild)] == [True, True]


def test_free_mailers_are_no_company(place: Office) -> None:
    limits = Limits(domain_cap=1, mailboxes=mailboxes(place))
    assert [claims(place, one, limits) for one in approved(place, 3, "gmail.com")] == [True, True, True]


def test_two_mailboxes_cannot_fill_a_quota_twice_at_once(place: Office) -> None:
    first, second = mailboxes(place)
    limits = Limits(domain_cap=1, mailboxes=(first, second))
    rivals = approved(place, 1, "acme.example", first)
    person = place.person("late", email="late@acme.example", company="acme.example")
    rivals.append(place.draft(person))
    place.change(Message, rivals[1], account_id=second)
    place.write(
        lambda session: outbox.approve(
            session,
            session.get_one(Message, rivals[1]),
            user_id=None,
            domain="us.example",
            hold=timedelta(),
            now=place.now,
        )
    )
    together = threading.Barrier(2)

    def rush(message_id: int) -> bool:
        together.wait(10)
        return claims(place, message_id, limits)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(rush, rivals)) == [False, True]


def test_without_one_click_all_mailboxes_of_our_domain_have_one_cap(place: Office) -> None:
    first, second = mailboxes(place)
    limits = Limits(kin_cap=2, kin=(first, second))
    mails = approved(place, 2, "acme.example", first) + approved(place, 1, "other.example", second)
    assert [claims(place, one, limits) for one in mails] == [True, True, False]
    with place.store.reading() as session:
        message = session.get_one(Message, mails[2])
        account = session.get_one(Account, second)
        quotas = ledger.quotas(session, message, account, limits, place.now)
        full = ledger.full(session, quotas, place.now)
    assert full is not None
    assert (full.quota.code, full.until) == ("sending", place.now + ledger.DAY)
    assert "public_url" in full.quota.why


def test_a_ramp_bounds_the_claim_and_counts_from_the_first_mail(place: Office) -> None:
    first, _ = mailboxes(place)
    limits = Limits(cap=40, ramp=Ramp(start=1, weeks=1))
    mails = approved(place, 3, "acme.example")
    assert [claims(place, one, limits) for one in mails] == [True, False, False]
    place.later(hours=24)
    place.write(
        lambda session: outbox.settle_sent(
            session, _claim(place, mails[0]), reply="250", uri="u", now=place.now
        )
    )
    assert place.one(Account, id=first).first_sent_on == place.message(mails[0]).claimed_at
    assert [claims(place, one, limits) for one in mails[1:]] == [True, True], "6 on the second of seven days"


def _claim(place: Office, message_id: int) -> outbox.Claim:
    claimed_at = place.message(message_id).claimed_at
    assert claimed_at is not None
    return outbox.Claim(message_id, claimed_at)


def test_an_account_that_has_sent_since_long_before_is_on_no_ramp(place: Office) -> None:
    first, _ = mailboxes(place)
    old = approved(place, 1, "old.example")[0]
    place.change(Message, old, state="sent", claimed_at=place.now - timedelta(days=90))
    with place.store.reading() as session:
        account = session.get_one(Account, first)
        assert account.first_sent_on is None
        assert ledger.cap_of(session, account, Limits(cap=40, ramp=Ramp()), place.now) == 40


def test_all_sending_can_be_stopped(place: Office) -> None:
    message_id = approved(place, 1, "acme.example")[0]
    assert not claims(place, message_id, Limits(paused=True))
    with place.store.reading() as session:
        account_id = place.message(message_id).account_id or 0
        assert outbox.due(session, place.now, {account_id: Limits(paused=True)}) == []
        assert outbox.due(session, place.now, {account_id: Limits()}) == [message_id]


def test_the_limits_are_those_of_the_file_and_of_each_mailbox(place: Office) -> None:
    text = (
        "[outreach]\nramp_from = 4\nramp_weeks = 2\ndomain_cap = 3\n"
        '[accounts.mail]\n[accounts.second]\nconnector = "mail"\nramp_weeks = 0\ndaily_cap = 7\n'
        "[accounts.bluesky]\n"
    )
    connectors = {"mail": place.mail, "bluesky": place.bluesky}
    found = limits_of(config.parse(text, connectors), {"mail": 1, "second": 2, "bluesky": 3})  # type: ignore[arg-type]
    assert (found[1].cap, found[1].ramp, found[1].domain_cap) == (40, Ramp(4, 2), 3)
    assert (found[2].cap, found[2].ramp, found[2].mailboxes) == (7, Ramp(4, 0), (1, 2))
    assert found[3] == Limits()
