from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.office import Office, loaded, office, sqlite_store

from prospector.models import Account, Card, Engagement, Message, Profile, Prospect
from prospector.outreach import deliver, outbox, suppression
from prospector.outreach.deliver import Delivered
from prospector.outreach.ledger import Limits
from prospector.sdk import Gone, Later, NotSent, Receipt, Refused, Unauthorised


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


@pytest.fixture
def at_night(place: Office) -> Office:
    place.now = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
    return place


def send(place: Office, message_id: int) -> Delivered | None:
    return place.run(lambda: deliver.deliver(place.runtime, message_id))


def causes(place: Office) -> list[tuple[str, str]]:
    return [(cause["kind"], cause["detail"]) for card in place.rows(Card) for cause in card.causes]


def test_a_sent_message_is_settled_and_logged_once(place: Office) -> None:
    person = place.person()
    message_id = place.approved(person)
    delivered = send(place, message_id)
    assert delivered is not None
    assert (delivered.state, delivered.label) == ("sent", "email to anna@anna.example")
    assert send(place, message_id) is None
    message = place.message(message_id)
    assert (message.state, message.tries, message.reply) == ("sent", 1, "250 OK")
    (ours,) = place.happened()
    assert (ours.kind, ours.by, ours.object) == ("email", "us", message.message_id)
    assert len(place.mail.done) == 1


@pytest.mark.parametrize(
    ("error", "marking", "state", "kinds"),
    [
        (NotSent("busy"), True, "approved", []),
        (Later("slow down", 60), False, "approved", []),
        (Refused("550 no such user"), True, "refused", ["failed"]),
        (Gone("no such profile"), True, "refused", ["failed"]),
        (RuntimeError("the line broke"), False, "approved", []),
        (RuntimeError("the line broke"), True, "unknown", ["uncertain"]),
        (Later("slow down", 60), True, "unknown", ["uncertain"]),
    ],
)
def test_what_an_error_means_depends_on_the_second_mark(
    place: Office, error: Exception, marking: bool, state: str, kinds: list[str]
) -> None:
    message_id = place.approved(place.person())
    place.mail.acts, place.mail.marking = [error], marking
    delivered = send(place, message_id)
    assert delivered is not None
    assert delivered.state == place.message(message_id).state == state
    assert [kind for kind, _ in causes(place)] == kinds
    assert place.happened() == []


def test_a_login_refused_three_times_stops_the_sending_and_not_the_reading(place: Office) -> None:
    first, second = (place.approved(place.person(name)) for name in ("anna", "ben"))
    place.mail.acts, place.mail.marking = [Unauthorised("535 wrong password")] * 3, False
    for _ in range(3):
        send(place, first)
        assert place.message(first).state == "approved"
        place.now = max(place.now, place.message(first).send_at)
    account = place.one(Account, name="mail")
    assert account.paused_why is None
    assert "login 3 times" in account.held_why
    assert account.held_until > place.now
    assert place.due() == []
    assert send(place, second) is None
    assert place.message(second).state == "approved"
    place.now = account.held_until
    assert place.due() == [second]


def test_a_refused_account_of_a_network_pauses(place: Office) -> None:
    person = place.person()
    message_id = place.approved(person)
    profile = place.one(Profile, prospect_id=person)
    place.change(
        Message,
        message_id,
        action="reply",
        profile_id=profile.id,
        account_id=place.installation.account_ids["bluesky"],
        address=None,
    )
    message = place.message(message_id)
    place.change(Message, message_id, approved_hash=outbox.content_hash(message))
    place.bluesky.acts, place.bluesky.marking = [Unauthorised("the token is void")], False
    send(place, message_id)
    account = place.one(Account, name="bluesky")
    assert (account.paused_why, account.paused_until) == ("the token is void", None)


def test_tries_come_ever_less_often_and_end_with_a_card(place: Office) -> None:
    message_id = place.approved(place.person())
    waits = []
    for _ in range(6):
        place.mail.acts = [NotSent("451 try again")]
        send(place, message_id)
        again_at = place.message(message_id).send_at
        assert again_at is not None
        waits.append(again_at - place.now)
        place.now = max(place.now, again_at)
    message = place.message(message_id)
    assert (message.state, message.error) == ("refused", "given up after 6 tries: 451 try again")
    assert waits[:5] == sorted(set(waits[:5]))
    assert [kind for kind, _ in causes(place)] == ["failed"]


def test_who_is_suppressed_after_approval_gets_nothing_and_the_message_says_why(place: Office) -> None:
    person = place.person()
    message_id = place.approved(person)
    place.write(lambda session: suppression.suppress(session, [f"person:{person}"], "no!", "x", place.now))
    delivered = send(place, message_id)
    assert delivered is not None
    assert delivered.state == "discarded"
    assert (place.message(message_id).state, place.message(message_id).error) == (
        "discarded",
        "never written to: no!",
    )
    assert place.mail.done == []


def test_outside_the_window_it_waits_until_the_window_opens(at_night: Office) -> None:
    place = at_night
    message_id = place.approved(place.person(timezone="Europe/Berlin"))
    assert send(place, message_id) is None
    opens = datetime(2026, 11, 25, 7, 30, tzinfo=UTC)  # 08:30 in Berlin
    assert place.message(message_id).send_at == opens
    assert place.due() == []
    place.now = opens
    assert place.due() == [message_id]
    assert send(place, message_id) is not None


def test_the_window_is_the_recipients_not_ours(at_night: Office) -> None:
    message_id = at_night.approved(at_night.person(timezone="America/Los_Angeles"))  # 14:00 there
    delivered = send(at_night, message_id)
    assert delivered is not None
    assert delivered.state == "sent"


def test_what_is_no_mail_knows_no_window(at_night: Office) -> None:
    place = at_night
    person = place.person()
    place.follow(place.seen("post", person, object="at://post/1", text="Hello"))
    reply = place.one(Message, action="reply")
    place.change(Message, reply.id, problems=[], body="Well said.")

    def approve(session: Any) -> None:
        from prospector.outreach import outbox

        found = session.get_one(Message, reply.id)
        outbox.approve(session, found, user_id=None, domain="", hold=timedelta(), now=place.now)

    place.write(approve)
    delivered = send(place, reply.id)
    assert delivered is not None
    assert delivered.state == "sent"
    assert place.bluesky.done[0].on == "at://post/1"


def test_a_stale_message_stays_is_looked_at_seldom_and_asks_a_person_once(place: Office) -> None:
    person = place.person()
    message_id = place.approved(person)
    place.change(Prospect, person, name="Hanna Weber")
    for _ in range(3):
        assert send(place, message_id) is None
        assert place.due() == []
        place.later(hours=1)
        assert place.due() == [message_id]
    assert place.message(message_id).state == "approved"
    assert [kind for kind, _ in causes(place)] == ["stale"]
    place.change(Prospect, person, name="Anna Weber")
    delivered = send(place, message_id)
    assert delivered is not None
    assert delivered.state == "sent"


def test_what_is_held_up_holds_up_nobody_else(place: Office) -> None:
    stale, good = place.person("anna"), place.person("ben")
    messages = [place.approved(stale), place.approved(good)]
    place.change(Prospect, stale, name="Somebody Else")
    assert place.due() == messages[:1]
    send(place, messages[0])
    assert place.due() == messages[1:]
    delivered = send(place, messages[1])
    assert delivered is not None
    assert delivered.state == "sent"


def test_an_answer_to_a_deleted_post_is_never_sent(place: Office) -> None:
    from prospector import engagements

    person = place.person()
    place.follow(
        place.seen("post", person, object="at://post/1", text="Secret plans", url="https://x.example")
    )
    reply = place.one(Message, action="reply")
    place.change(Message, reply.id, problems=[], body="Well said.", state="approved", send_at=place.now)
    place.later(seconds=1)
    place.write(lambda session: engagements.retract(session, "bluesky", ["at://post/1"], place.now))
    assert send(place, reply.id) is None
    (post,) = place.happened()
    assert (post.text, post.url) == ("", None)
    assert place.bluesky.done == []
    assert (causes(place)[0][0], len([k for k, _ in causes(place) if k == "stale"])) == ("stale", 1)


def test_a_follow_up_answers_our_mail_in_its_thread(place: Office) -> None:
    person = place.person()
    first = place.approved(person, "hand:1")
    send(place, first)
    place.later(hours=2)
    second = place.approved(person, "hand:2", loaded(place, "follow-up"))
    assert place.message(second).subject == "Re: Following up"
    send(place, second)
    place.later(hours=2)
    third = place.approved(person, "hand:3", loaded(place, "follow-up"))
    send(place, third)
    ids = [place.message(one).message_id for one in (first, second, third)]
    assert place.mail.done[1].attributes == {"in_reply_to": ids[0], "references": ids[:1]}
    assert place.mail.done[2].attributes == {"in_reply_to": ids[1], "references": ids[:2]}
    assert place.message(third).subject == "Re: Following up"


def doubtful(place: Office) -> int:
    message_id = place.approved(place.person())
    place.mail.acts = [RuntimeError("the line broke")]
    send(place, message_id)
    assert place.message(message_id).state == "unknown"
    return message_id


def reconcile(place: Office, message_id: int) -> Delivered:
    return place.run(lambda: deliver.reconcile(place.runtime, message_id))


def test_what_is_found_was_sent(place: Office) -> None:
    message_id = doubtful(place)
    place.mail.finds = [Receipt(place.message(message_id).message_id or "", "found in Sent")]
    assert reconcile(place, message_id).state == "sent"
    assert [one.kind for one in place.happened()] == ["email"]


def test_what_is_not_found_proves_nothing_where_copies_are_not_surely_filed(place: Office) -> None:
    message_id = doubtful(place)
    with place.store.reading() as session:
        from prospector.outreach import doubt

        assert doubt.in_doubt(session, place.now) == [message_id]
    for _ in range(3):
        assert reconcile(place, message_id).state == "unknown"
        assert place.message(message_id).send_at >= place.now + timedelta(minutes=15)
        place.later(hours=1)


def test_two_searches_a_quarter_of_an_hour_apart_prove_that_it_was_not_sent(place: Office) -> None:
    from dataclasses import replace

    place.mail.can = replace(place.mail.can, find_is_proof=True)
    message_id = doubtful(place)
    assert reconcile(place, message_id).state == "unknown"
    place.later(minutes=14)
    assert reconcile(place, message_id).state == "unknown"
    place.later(minutes=1)
    assert reconcile(place, message_id).state == "approved"
    assert place.due() == [message_id]
    place.mail.acts = [RuntimeError("the line broke again")]
    send(place, message_id)
    assert place.message(message_id).state == "unknown"
    place.later(minutes=1)
    assert reconcile(place, message_id).state == "unknown", "the searches for the first try prove nothing now"
    place.later(minutes=15)
    assert reconcile(place, message_id).state == "approved"


def test_a_search_that_trips_is_put_off_like_one_that_fails(place: Office) -> None:
    message_id = doubtful(place)
    place.mail.finds = [KeyError("no such folder")]
    assert "could not be looked for" in reconcile(place, message_id).why
    assert place.message(message_id).send_at >= place.now + timedelta(minutes=15)


def test_a_bounce_that_quotes_a_message_in_doubt_proves_that_it_was_sent(place: Office) -> None:
    message_id = doubtful(place)
    message = place.message(message_id)
    said_at = place.now
    place.later(minutes=5)
    lines = place.follow(
        place.seen(
            "bounce",
            message.prospect_id,
            actor="anna@anna.example",
            channel="email",
            attributes={"refers_to": [message.message_id], "hard": False, "status": "4.2.2"},
        )
    )
    assert any(line.startswith(f"sent message {message_id}") for line in lines)
    assert place.message(message_id).state == "sent"
    assert [(one.kind, one.at) for one in place.happened() if one.by == "us"] == [("email", said_at)]


def test_what_a_dead_process_left_in_doubt_comes_to_a_person(place: Office) -> None:
    from prospector.outreach import outbox
    from prospector.outreach.ledger import Limits

    message_id = place.approved(place.person())
    taken = place.write(lambda session: outbox.claim(session, message_id, Limits(), place.now))
    assert taken is not None
    place.write(lambda session: outbox.mark_data(session, taken, place.now))
    place.later(minutes=20)
    found = place.write(
        lambda session: deliver.recover(session, place.runtime.consequences, place.now, place.now)
    )
    assert found == (0, 1)
    assert [kind for kind, _ in causes(place)] == ["uncertain"]


def test_a_by_hand_message_is_sent_when_the_person_says_so(place: Office) -> None:
    from prospector.outreach import outbox

    person = place.person()
    message_id = place.approved(person)
    with pytest.raises(outbox.NotPossibleError, match="by hand"):
        place.write(lambda s: deliver.settle_by_hand(s, place.runtime, s.get_one(Message, message_id)))
    place.change(Message, message_id, by_hand=True)
    assert place.due() == []
    place.write(lambda s: deliver.settle_by_hand(s, place.runtime, s.get_one(Message, message_id)))
    assert place.message(message_id).state == "sent"
    assert [one.by for one in place.rows(Engagement, kind="email")] == ["us"]
    with pytest.raises(outbox.NotPossibleError, match="by hand"):
        place.write(lambda s: deliver.settle_by_hand(s, place.runtime, s.get_one(Message, message_id)))


def test_a_changed_address_is_never_written_to_by_itself(place: Office) -> None:
    person = place.person()
    message_id = place.approved(person)
    assert place.message(message_id).address == "anna@anna.example"
    place.change(Prospect, person, email="anna@elsewhere.example")
    assert send(place, message_id) is None
    waits = place.message(message_id)
    assert (waits.state, "their address has changed since" in (waits.error or "")) == ("approved", True)
    assert place.mail.done == []
    place.change(Message, message_id, send_at=place.now)
    taken = place.write(lambda s: outbox.claim(s, message_id, Limits(), place.now))
    assert taken is None, "the claim itself refuses it"


@pytest.mark.parametrize("field", ["address", "account_id", "footer", "subject", "body"])
def test_what_was_approved_is_all_that_they_get(place: Office, field: str) -> None:
    message_id = place.approved(place.person())
    values = {"address": "eve@anna.example", "account_id": place.installation.account_ids["bluesky"]}
    place.change(Message, message_id, **{field: values.get(field, "something else")})
    assert place.write(lambda s: outbox.claim(s, message_id, Limits(), place.now)) is None


def test_the_id_that_a_server_gave_is_the_one_that_answers_quote(place: Office) -> None:
    message_id = place.approved(place.person())
    place.mail.acts = [Receipt("<0102-ses@eu-west-1.amazonses.com>", "250 Ok 0102-ses")]
    send(place, message_id)
    message = place.message(message_id)
    assert (message.state, message.message_id) == ("sent", "<0102-ses@eu-west-1.amazonses.com>")


def test_mails_to_a_domain_that_is_full_make_way_for_the_others(place: Office) -> None:
    mails = [
        place.approved(place.person(f"p{n}", email=f"p{n}@acme.example", company="Acme")) for n in range(12)
    ]
    other = place.approved(place.person("ben"))
    claimed = place.now - timedelta(hours=1)
    for message_id in mails[:5]:
        place.change(Message, message_id, state="sent", claimed_at=claimed, sent_at=claimed)
    assert place.due() == mails[5:6]
    assert send(place, mails[5]) is None
    assert place.due() == [other]
    assert {place.message(one).send_at for one in mails[5:]} == {claimed + timedelta(hours=24)}
