"""What happens at the same moment: a no, a pause or another process, while a mail of a series leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import NoResultFound
from sqlmodel import Session
from tests.campaigning import Campaigning
from tests.office import Office, office

from prospector import engagements, merges
from prospector.campaigns import drafting, launch, recipients
from prospector.models import Message, Prospect
from prospector.outreach import interventions, outbox
from prospector.outreach.approval import NotApprovedError
from prospector.sdk import Context, Intent, Receipt
from prospector.store import Store


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def while_connecting(place: Office, happens: Callable[[], Any]) -> None:
    """Let this happen after a mail was claimed, and before the second mark."""
    act = place.mail.act

    async def slow(context: Context, intent: Intent) -> Receipt:
        happens()
        return await act(context, intent)

    place.mail.act = slow  # type: ignore[method-assign]


def said_no(place: Office, prospect_id: int) -> None:
    who = place.one(Prospect, id=prospect_id).email
    place.follow(
        place.seen("unsubscribe", prospect_id, channel="email", actor=who, attributes={"dmarc": True})
    )


def test_who_says_no_while_the_mail_connects_gets_none(place: Office) -> None:
    anna = place.person()
    campaign = Campaigning(place).started(anna)
    while_connecting(place, lambda: said_no(place, anna))
    assert campaign.send() == []
    assert place.mail.done == []
    assert campaign.until(place.now + timedelta(days=2)) == []
    assert (campaign.states(anna), campaign.recipient(anna).why) == ([], "they asked us not to write")


def test_a_pause_holds_what_has_only_connected(place: Office) -> None:
    anna = place.person()
    campaign = Campaigning(place).started(anna)

    def paused() -> None:
        campaign.write(lambda session, one: launch.pause(session, one, "Ana: wait", place.now))

    while_connecting(place, paused)
    assert campaign.send() == []
    assert campaign.waits(campaign.mails(anna)[0]).why.endswith("is paused: Ana: wait")
    del place.mail.act
    campaign.start()
    assert len(campaign.until(place.now + timedelta(hours=3))) == 1, "it goes out when the campaign does"


def test_who_is_left_out_while_the_mail_connects_gets_none(place: Office) -> None:
    anna = place.person()
    campaign = Campaigning(place).started(anna)
    id_ = campaign.recipient(anna).id
    while_connecting(
        place, lambda: place.write(lambda session: recipients.skip(session, [id_], "by Ana", place.now))
    )
    assert campaign.until(place.now + timedelta(hours=5)) == []
    assert campaign.states(anna) == []


def test_an_approval_and_a_no_at_once_leave_nothing_approved(place: Office) -> None:
    people = [place.person(name) for name in ("anna", "ben", "carl", "dora")]
    campaign = Campaigning(place)
    campaign.add(*people)
    campaign.draft()
    campaign.start()
    place.store.start_writer()
    other = Store(place.store.engine.url)
    other.start_writer()
    for id_ in people:
        together = threading.Barrier(2)

        def yes(id_: int = id_, together: threading.Barrier = together) -> None:
            together.wait(10)
            with suppress(NotApprovedError, NoResultFound):  # the no was faster
                campaign.approve(id_)

        def no(id_: int = id_, together: threading.Barrier = together) -> None:
            seen = place.seen("unsubscribe", id_, actor=f"did:{id_}")

            def work(session: Session) -> None:
                new = engagements.log(session, [seen])
                place.runtime.consequences.follow(session, new, [], (), place.now)

            together.wait(10)
            other.write(work)

        with ThreadPoolExecutor(2) as pool:
            for done in (pool.submit(yes), pool.submit(no)):
                done.result(60)
    other.close()
    assert campaign.mails() == []
    assert {campaign.recipient(id_).state for id_ in people} == {"stopped"}
    assert campaign.until(place.now + timedelta(days=1)) == []


def test_of_a_series_two_processes_send_one_mail(place: Office) -> None:
    """Whoever claims first has it, and no follow-up leaves beside the mail that it follows."""
    anna = place.person()
    campaign = Campaigning(place).started(anna)
    campaign.look()
    first, second, _ = campaign.mails(anna)
    place.change(Message, second.id, send_at=place.now)
    together = threading.Barrier(4)

    def rush(message_id: int) -> bool:
        limits = place.runtime.limits[first.account_id]
        together.wait(10)
        claim = place.write(lambda session: outbox.claim(session, message_id, limits, place.now))
        return claim is not None

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(rush, [first.id, second.id, first.id, second.id]))
    assert (taken[0] + taken[2], taken[1], taken[3]) == (1, False, False)


def test_a_mail_goes_on_to_who_was_entered_twice(place: Office) -> None:
    """Of two rows one has the address and the series; the other is kept."""
    kept, other = (
        place.person("anna", email=None, company="Acme", fields={"first_name": "Anna"}),
        place.person("anna.b", company="Acme", fields={"first_name": "Anna"}),
    )
    campaign = Campaigning(place).started(other)

    def work(session: Session) -> None:
        merges.merge(session, place.runtime.consequences, kept, other, None, place.now)

    place.write(work)
    assert campaign.recipient(kept).state == "active"
    campaign.until(place.now + timedelta(days=16), timedelta(days=1))
    assert campaign.states(kept) == ["sent", "sent", "sent"]
    assert {intent.to.handle for intent in place.mail.done} == {"anna.b@anna.b.example"}


def test_a_text_that_is_not_what_was_approved_waits_with_a_reason_and_blocks_nobody(place: Office) -> None:
    anna, ben = place.person(), place.person("ben")
    campaign = Campaigning(place).started(anna, ben)
    first = campaign.mails(anna)[0]
    place.change(Message, first.id, body="another text")
    campaign.until(place.now + timedelta(hours=2))
    assert [campaign.states(who)[0] for who in (anna, ben)] == ["approved", "sent"]
    waits = campaign.waits(campaign.mails(anna)[0])
    assert (waits.code, "not word for word what was approved" in waits.why) == ("stale", True)


def test_what_is_left_in_doubt_ends_the_series_and_is_never_written_again(place: Office) -> None:
    anna = place.person()
    campaign = Campaigning(place).started(anna)
    first = campaign.mails(anna)[0]
    place.change(Message, first.id, state="unknown", claimed_at=place.now, data_at=place.now)
    place.write(
        lambda session: interventions.leave(
            session, session.get_one(Message, first.id), "Ana", None, place.now
        )
    )
    assert (campaign.recipient(anna).state, campaign.states(anna)) == ("stopped", [])
    place.change(type(campaign.recipient(anna)), campaign.recipient(anna).id, state="added")
    campaign.draft()
    assert [one.step for one in campaign.mails(anna)] == [2, 3], "perhaps they have the first mail"


def test_who_answered_while_they_were_left_out_does_not_come_back(place: Office) -> None:
    anna, ben = place.person(), place.person("ben")
    campaign = Campaigning(place).started(anna, ben)
    campaign.until(place.now + timedelta(hours=2))
    ids = [campaign.recipient(who).id for who in (anna, ben)]
    place.write(lambda session: recipients.skip(session, ids, "by Ana", place.now))
    place.follow(place.seen("dm", anna))
    assert place.write(lambda session: recipients.unskip(session, ids, place.now)) == 1
    assert (campaign.recipient(anna).state, campaign.recipient(anna).why) == (
        "stopped",
        "they wrote a direct message",
    )
    campaign.draft()
    assert campaign.states(anna) == ["sent"]
    assert campaign.states(ben) == ["sent", "draft", "draft"]


def test_drafts_that_were_made_before_there_was_a_mailbox_get_its_footer(place: Office) -> None:
    anna = place.person()
    campaign = Campaigning(place)
    mailbox = place.installation.account_ids["mail"]
    campaign.write(lambda session, one: setattr(one, "account_ids", []))
    campaign.add(anna)
    campaign.draft()
    with pytest.raises(NotApprovedError, match="no mailbox"):
        campaign.approve(anna)
    campaign.write(lambda session, one: setattr(one, "account_ids", [mailbox]))
    desk = campaign.means.desk
    moved = campaign.mails(anna)[0]
    campaign.write(lambda session, one: drafting.assign_mailboxes(session, desk, one))
    after = campaign.mails(anna)
    assert {one.account_id for one in after} == {campaign.recipient(anna).account_id} == {mailbox}
    assert after[0].token == moved.token
    campaign.write(
        lambda session, one: drafting.redraft(
            session, campaign.means, one.id, [campaign.recipient(anna).id], place.now
        )
    )
    fresh = campaign.mails(anna)
    assert [one.footer for one in fresh] == [one.footer for one in after]
