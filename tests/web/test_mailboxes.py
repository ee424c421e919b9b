"""The mailboxes: what each may send today, why it is held, and who lets it go on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.web.desk import HOSTILE, Desk, at_the_desk, unharmed

from prospector.models import Account
from prospector.outreach import authentication
from prospector.outreach.authentication import Finding

PLACE = "/settings/mailboxes"


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    with at_the_desk(sqlite_template, tmp_path) as made:
        yield made


def mailbox(desk: Desk) -> Account:
    found: Account = desk.place.one(Account, name="mail")
    return found


def test_what_a_mailbox_may_send_today_stands_there(desk: Desk) -> None:
    page = desk.ana.get(PLACE).text
    assert "0 of 10" in page
    assert "Day 1 of 28: 10 in 24 h, 40 at its end" in page
    assert (
        "Mon, Tue, Wed, Thu, 08:30–17:00 by the recipient&#39;s clock, but not on their public holidays"
        in page
    )
    desk.place.change(Account, mailbox(desk).id, first_sent_on=desk.place.now - timedelta(days=14))
    assert "0 of 25" in desk.ana.get(PLACE).text
    desk.place.change(Account, mailbox(desk).id, first_sent_on=desk.place.now - timedelta(days=90))
    assert "over: 40 in 24 h" in desk.ana.get(PLACE).text


def test_a_person_stops_the_sending_and_lets_it_go_on(desk: Desk) -> None:
    id_ = mailbox(desk).id
    stopped = desk.ana.post(f"{PLACE}/{id_}/stop")
    assert (stopped.status_code, stopped.headers["location"]) == (303, f"{PLACE}?said=stopped#mailbox-{id_}")
    assert mailbox(desk).held_why is not None
    assert "Held until somebody lets it go on" in desk.ana.get(PLACE).text
    assert desk.ana.post(f"{PLACE}/{id_}/release").status_code == 303
    assert mailbox(desk).held_why is None
    assert desk.ana.post(f"{PLACE}/stop").status_code == 303
    assert mailbox(desk).held_why is not None
    assert desk.ana.post(f"{PLACE}/999/stop").status_code == 404


def test_what_holds_it_and_what_dns_says_is_text(desk: Desk) -> None:
    findings = [Finding("SPF", "bad", HOSTILE, HOSTILE), Finding("MX", "ok", "mx.us.example")]
    desk.place.change(
        Account,
        mailbox(desk).id,
        held_why=HOSTILE,
        held_until=desk.place.now + timedelta(hours=4),
        authentication=authentication.kept({}, "dns", findings, desk.place.now),
    )
    page = desk.ana.get(PLACE).text
    assert "Held until" in page
    assert "To do:" in page
    unharmed(page)


def test_a_rep_does_not_see_them(desk: Desk) -> None:
    assert desk.rep.get(PLACE).status_code in (403, 404)
    assert desk.rep.post(f"{PLACE}/{mailbox(desk).id}/stop").status_code in (403, 404)
    assert mailbox(desk).held_why is None
