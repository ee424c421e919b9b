"""What a rep decides, and what becomes of the message and the card."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests import reps
from tests.office import Office, office
from tests.reps import answered, card, means_of, rep

from prospector.models import Card, Engagement, Message, Prospect, Suppression
from prospector.outreach import deliver, pauses, suppression
from prospector.outreach.approval import AskFirstError, NotApprovedError, StaleError
from prospector.prospects.scope import Scope
from prospector.queue import decisions
from prospector.queue.day import CardError, NoCardError
from prospector.queue.means import Decided
from prospector.queue.reader import Rep
from prospector.queue.snoozing import Snooze
from prospector.store import Store


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def decide(place: Office, what: str, reader: Rep, *given: Any, **more: Any) -> Decided:
    """Call a decision of that name with the office's means and time."""
    means = means_of(place)
    act = getattr(decisions, what)
    done: Decided = place.write(lambda s: act(s, means, reader, *given, place.now, **more))
    return done


def test_approving_puts_the_text_out_and_settles_the_card(place: Office) -> None:
    mira, (card_id, message_id) = rep(place), answered(place)
    told = decide(place, "approve", mira, message_id, body="It is 40 euros a month.")
    assert (told.words, told.message_state) == ("Approved", "approved")
    message, decided = place.message(message_id), place.one(Card, id=card_id)
    assert (message.body, message.approved_by) == ("It is 40 euros a month.", mira.id)
    assert (decided.state, decided.decided_by, decided.decided_why) == (
        "done",
        mira.id,
        "a message was approved",
    )


def test_two_clicks_are_one_message_and_another_text_is_refused(place: Office) -> None:
    mira, jonas, (_, message_id) = rep(place), rep(place, "Jonas"), answered(place)
    body = place.message(message_id).body
    first = decide(place, "approve", mira, message_id, body=body)
    before = reps.columns(place.message(message_id))
    place.later(seconds=1)
    again = decide(place, "approve", mira, message_id, body=body)
    decide(place, "approve", jonas, message_id)
    assert (again.message_id, again.send_at) == (first.message_id, first.send_at)
    assert reps.columns(place.message(message_id)) == before
    with pytest.raises(NotApprovedError, match="already, with another text"):
        decide(place, "approve", mira, message_id, body="Something else altogether.")
    assert [one.state for one in place.rows(Message)] == ["approved"]
    sent = place.run(lambda: deliver.deliver(place.runtime, message_id))
    assert sent is not None
    assert decide(place, "approve", mira, message_id).message_state == "sent"
    assert len(place.bluesky.done) == 1


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("reply", "they have written since"),
        ("deleted", "what it answers was deleted"),
        ("colleague", "Jonas has written to them since"),
        ("stage", "they are in won now"),
    ],
)
def test_a_text_that_the_world_has_overtaken_is_refused_by_any_way_and_kept(
    place: Office, what: str, changed: str
) -> None:
    mira, jonas, (card_id, message_id) = rep(place), rep(place, "Jonas"), answered(place)
    person, body = place.one(Card, id=card_id).prospect_id, place.message(message_id).body
    place.later(minutes=3)
    if what == "reply":
        place.follow(place.seen("reply", person, text="One more thing"))
    elif what == "deleted":
        place.change(Engagement, place.message(message_id).engagement_id, retracted_at=place.now)
    elif what == "colleague":
        ours = place.seen("dm", person, by="us", actor="us", text="Hi")
        place.follow(type(ours)(**{**_fields(ours), "user_id": jonas.id}))
    else:
        decide(place, "stage", mira, card_id, "won")
    for body_ in (None, "My own words, which say the same."):
        with pytest.raises(StaleError) as refused:
            decide(place, "approve", mira, message_id, body=body_)
        assert changed in refused.value.changed
    decide(place, "rewrite", mira, message_id, "", "My own words, which say the same.")
    with pytest.raises(StaleError):
        decide(place, "approve", mira, message_id)
    assert place.message(message_id).state == "draft"
    assert body != place.message(message_id).body


def _fields(entry: Any) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__slots__}


def test_who_has_read_what_changed_may_stand_by_the_text(place: Office) -> None:
    mira, (card_id, message_id) = rep(place), answered(place)
    place.later(minutes=3)
    place.follow(place.seen("reply", place.one(Card, id=card_id).prospect_id, text="One more thing"))
    decide(place, "stand_by", mira, message_id)
    assert decide(place, "approve", mira, message_id).message_state == "approved"


def test_what_is_approved_is_held_back_by_what_they_write_then(place: Office) -> None:
    mira, (card_id, message_id) = rep(place), answered(place)
    decide(place, "approve", mira, message_id)
    place.later(minutes=3)
    place.follow(place.seen("reply", place.one(Card, id=card_id).prospect_id, text="Wait"))
    assert place.run(lambda: deliver.deliver(place.runtime, message_id)) is None
    assert place.message(message_id).error == "out of date: they have written since. Make it anew"
    assert place.bluesky.done == []


def test_nobody_in_the_suppressions_or_the_archive_is_written_to(place: Office) -> None:
    mira, (card_id, message_id) = rep(place), answered(place)
    person = place.one(Card, id=card_id).prospect_id
    place.change(Prospect, person, archived_at=place.now)
    with pytest.raises(NotApprovedError, match="is archived"):
        decide(place, "approve", mira, message_id)
    place.write(lambda s: suppression.suppress(s, [f"person:{person}"], "they asked", "hand", place.now))
    with pytest.raises(NotApprovedError, match="never written to: they asked"):
        decide(place, "approve", mira, message_id)


def test_what_is_somebody_elses_is_not_there(place: Office) -> None:
    card_id, message_id = answered(place)
    stranger = Rep(4711, "Nobody", scope=Scope(frozenset({4711})))
    for what, given in (
        ("approve", [message_id]),
        ("posted", [message_id]),
        ("rewrite", [message_id, "", "Text"]),
        ("done", [card_id]),
        ("dismiss", [card_id]),
        ("snooze", [card_id, "later"]),
        ("like", [card_id]),
        ("another", [card_id]),
        ("note", [card_id, "Hello"]),
        ("stage", [card_id, "won"]),
        ("unstage", [card_id]),
        ("reopen", [card_id]),
    ):
        with pytest.raises(NoCardError):
            decide(place, what, stranger, *given)
        with pytest.raises(NoCardError):
            decide(place, what, rep(place, f"R{what}"), 10**6, *given[1:])


def test_by_hand_nothing_is_sent_before_the_rep_says_so(place: Office) -> None:
    mira, (card_id, message_id) = rep(place), answered(place)
    place.change(Message, message_id, by_hand=True)
    with pytest.raises(CardError, match="Approve it first"):
        decide(place, "posted", mira, message_id)
    decide(place, "approve", mira, message_id)
    copied = place.message(message_id)
    assert (copied.state, copied.copied_at, copied.sent_at) == ("approved", place.now, None)
    assert place.one(Card, id=card_id).state == "open"
    assert place.due() == []
    decide(place, "posted", mira, message_id)
    decide(place, "posted", mira, message_id)
    assert place.message(message_id).state == "sent"
    assert place.one(Card, id=card_id).state == "done"
    assert len(place.rows(Engagement, by="us", kind="reply")) == 1


def test_nothing_is_put_away_beyond_the_calendar(place: Office) -> None:
    """No zone can show the end of the year 9999: the page of what is put away would break."""
    mira, card_id = rep(place), card(place, "anna", "post")
    far = datetime(9999, 12, 31, 23, 30, tzinfo=UTC)
    with pytest.raises(CardError, match="five years"):
        place.write(lambda s: decisions.put_away(s, mira, card_id, Snooze(far), place.now))
    soon = place.now + timedelta(days=400)
    place.write(lambda s: decisions.put_away(s, mira, card_id, Snooze(soon), place.now))
    assert place.one(Card, id=card_id).until == soon


def test_an_opt_out_in_doubt_is_decided_by_a_person(place: Office) -> None:
    mira = rep(place)
    yes, no = card(place, "anna", "opt_out"), card(place, "ben", "opt_out")
    for one in (yes, no):
        place.change(
            Prospect,
            place.one(Card, id=one).prospect_id,
            paused_until=pauses.UNDECIDED,
            paused_why=suppression.IN_DOUBT,
        )
    decide(place, "done", mira, yes)
    decide(place, "dismiss", mira, no)
    anna = place.one(Card, id=yes).prospect_id
    assert f"person:{anna}" in [row.key for row in place.rows(Suppression)]
    assert {person.paused_until for person in place.rows(Prospect)} == {None}
    decide(place, "reopen", mira, yes)
    assert place.rows(Suppression) == []
    assert place.one(Prospect, id=anna).paused_why == suppression.IN_DOUBT


def test_the_reason_of_a_dismissal_may_come_a_moment_later(place: Office) -> None:
    mira, card_id = rep(place), card(place, "anna", "post")
    with pytest.raises(CardError, match="only a dismissal"):
        place.write(lambda s: decisions.say_why(s, mira, card_id, "too old", place.now))
    decide(place, "dismiss", mira, card_id)
    decide(place, "dismiss", mira, card_id)
    place.write(lambda s: decisions.say_why(s, mira, card_id, "too old", place.now))
    assert place.one(Card, id=card_id).decided_why == "too old"


def test_a_like_is_a_message_of_its_own_beside_the_draft(place: Office) -> None:
    mira, (card_id, message_id) = rep(place), answered(place)
    told = decide(place, "like", mira, card_id)
    again = decide(place, "like", mira, card_id, and_done=True)
    assert told.message_id == again.message_id != message_id
    liked = place.message(told.message_id or 0)
    assert (liked.action, liked.state, liked.by_hand) == ("like", "approved", False)
    assert (place.message(message_id).state, place.one(Card, id=card_id).state) == ("discarded", "done")
    decide(place, "reopen", mira, card_id)
    assert (place.message(message_id).state, place.message(liked.id).state) == ("draft", "approved")
    decide(place, "reopen", mira, card_id)
    assert place.message(liked.id).state == "discarded"
    with pytest.raises(CardError, match="nothing to like"):
        decide(place, "like", mira, card(place, "ben", "follow"))


def test_another_template_takes_the_place_of_the_draft(place: Office) -> None:
    folder = place.installation.workspace.root / "templates"
    (folder / "short.txt").write_text("Action: reply\nOn: reply\n\nThank you.\n", encoding="utf-8")
    mira, (card_id, message_id) = rep(place), answered(place)
    old = place.message(message_id)
    second = place.message(decide(place, "another", mira, card_id, step=1).message_id or 0)
    assert (second.state, second.card_id, second.occasion) == ("draft", card_id, old.occasion)
    assert {old.template, second.template} == {"reply", "short"}
    back = place.message(decide(place, "another", mira, card_id, step=-1).message_id or 0)
    assert back.template == old.template
    assert len(place.rows(Message, state="draft")) == 1


def test_notes_and_moves_by_hand_are_logged_and_a_move_can_be_taken_back(place: Office) -> None:
    mira, card_id = rep(place), card(place, "anna", "post")
    decide(place, "note", mira, card_id, "Met at the fair")
    (note,) = place.rows(Engagement, kind="note")
    assert (note.text, note.user_id, note.by) == ("Met at the fair", mira.id, "us")
    with pytest.raises(CardError, match="Write a few words"):
        decide(place, "note", mira, card_id, "  ")
    with pytest.raises(CardError, match='no stage "nowhere"; there are cold, engaged, won'):
        decide(place, "stage", mira, card_id, "nowhere")
    assert decide(place, "stage", mira, card_id, "engaged").words == "Anna Weber is in engaged"
    place.later(minutes=1)
    assert decide(place, "unstage", mira, card_id).words == "Anna Weber is in cold again"
    with pytest.raises(CardError, match="not moved by hand"):
        decide(place, "unstage", mira, card_id)


def test_a_second_message_so_soon_needs_a_reason(place: Office) -> None:
    mira, jonas = rep(place), rep(place, "Jonas")
    person = place.person("anna")
    first, second = place.draft(person, "hand:1"), place.draft(person, "hand:2")
    decide(place, "approve", jonas, first)
    for despite in (None, " ", "x"):
        with pytest.raises(AskFirstError, match="Jonas has a message to Anna Weber in the outbox"):
            decide(place, "approve", mira, second, despite=despite)
    decide(place, "approve", mira, second, despite="They asked for the price list")
    assert place.message(second).despite == "They asked for the price list"
