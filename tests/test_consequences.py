"""What follows from what happened, through the store: moves, effects, cards, drafts, stops, pauses."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from prospector import doctor, engagements
from prospector.casework import Casework
from prospector.engagements import Entry
from prospector.models import Card, Effect, Message, Move, Profile, Prospect, Suppression
from prospector.outreach import suppression
from prospector.queue import day
from prospector.sdk import Seen
from prospector.store import Store
from tests.office import RULES, START, Office, office, sqlite_store


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path)
    store.close()


def stage(place: Office, person: int) -> str:
    return place.one(Prospect, id=person).stage


def current(place: Office) -> list[tuple[str | None, str, str | None, Any]]:
    moves = place.rows(Move, superseded_at=None)
    return sorted((one.rule, one.before, one.after, one.effective_at) for one in moves)


def sound(place: Office) -> None:
    with place.store.reading() as session:
        assert [check for check in doctor.invariants(session, place.now) if not check.ok] == []


def ours(place: Office, person: int, name: str, at: Any) -> Entry:
    return Entry("email", Seen("email", "account:1", name, at, by="us"), place.now, person)


def covered(place: Office) -> None:
    """Everything has been looked at until now."""
    for profile in place.rows(Profile):
        place.change(Profile, profile.id, covered_until=place.now)
    from prospector.models import Account

    for account in place.rows(Account):
        place.change(Account, account.id, covered_until=place.now, polled_at=place.now)


def fire(place: Office) -> list[str]:
    return place.write(lambda session: place.runtime.consequences.fire_timers(session, place.now))[0]


# --- moves ----------------------------------------------------------------------------------------


def test_an_answer_moves_and_makes_one_card_with_the_strongest_cause_first(place: Office) -> None:
    person = place.person()
    place.later(minutes=5)
    place.follow(
        place.seen("like", person, object="at://ours/1"),
        place.seen("reply", person, text="What does it cost?"),
        place.seen("post", person, text="A new day"),
    )
    assert stage(place, person) == "engaged"
    card = place.one(Card)
    assert [cause["kind"] for cause in card.causes] == ["reply", "post", "like"]
    assert card.section == "answer"
    assert sum(reason["points"] for reason in card.reasons) == card.priority
    assert place.one(Message).occasion == f"engagement:{card.causes[0]['engagement_id']}"
    sound(place)


def history(place: Office, person: int) -> list[Entry]:
    at = place.now
    kinds = ["post", "like", "reply", "mention", "reply"]
    theirs = [
        Entry(
            "bluesky",
            Seen(kind, f"did:{person}", f"at://{n}", at + timedelta(hours=7 * n)),
            at + timedelta(days=3),
            person,
        )
        for n, kind in enumerate(kinds)
    ]
    return [*theirs, ours(place, person, f"<m{person}@us.example>", at + timedelta(hours=3))]


@pytest.mark.parametrize("seed", range(3))
def test_order_duplicates_and_lateness_change_nothing(store: Store, tmp_path: Path, seed: int) -> None:
    """The same facts in any order, in any batches, some twice: the same moves."""
    place = office(store, tmp_path)
    dice = random.Random(seed)
    straight, mixed = place.person("anna"), place.person("ben")
    began = place.now
    for entry in history(place, straight):
        place.follow(entry)
    shuffled = history(place, mixed) * 2
    dice.shuffle(shuffled)
    while shuffled:
        batch = [shuffled.pop() for _ in range(min(len(shuffled), dice.randint(1, 4)))]
        place.later(minutes=1)
        place.follow(*batch)
    moves: dict[int, list[Any]] = {straight: [], mixed: []}
    for move in place.rows(Move, superseded_at=None):
        moves[move.prospect_id].append((move.rule, move.before, move.after, move.effective_at))
    assert sorted(moves[straight]) == sorted(moves[mixed])
    assert ("answered", "cold", "engaged", began + timedelta(hours=14)) in moves[mixed]
    assert stage(place, straight) == stage(place, mixed) == "engaged"
    assert len(place.happened()) == 12
    sound(place)


def test_a_deleted_post_stays_as_a_fact_without_its_words_and_undoes_no_move(place: Office) -> None:
    person = place.person()
    place.later(minutes=1)
    place.follow(place.seen("reply", person, object="at://r", text="private", url="https://x.example/r"))
    place.later(minutes=1)

    def work(session: Any) -> None:
        changed = engagements.retract(session, "bluesky", ["at://r"], place.now)
        assert changed == [person]
        place.runtime.consequences.follow(session, [], changed, (), place.now)

    place.write(work)
    (reply,) = place.happened()
    assert (reply.text, reply.url, reply.retracted_at) == ("", None, place.now)
    assert stage(place, person) == "engaged"
    sound(place)


# --- timers and the horizon -----------------------------------------------------------------------


def test_silence_counts_only_over_time_that_was_covered(place: Office) -> None:
    person = place.person()
    place.follow(ours(place, person, "<m1@us.example>", place.now))
    covered(place)
    place.later(days=6)
    assert fire(place) == []
    assert place.rows(Effect) == []
    covered(place)
    assert any(line.startswith("draft") for line in fire(place))
    (move,) = place.rows(Move)
    assert (move.rule, move.after, move.effective_at) == ("nudge", None, place.now - timedelta(days=1))
    assert fire(place) == []
    sound(place)


def test_a_horizon_is_never_lowered(place: Office) -> None:
    person = place.person()
    covered(place)
    place.follow(place.seen("post", person))
    before = place.one(Prospect, id=person).horizon
    assert before == place.now
    for profile in place.rows(Profile):
        place.change(Profile, profile.id, covered_until=place.now - timedelta(days=2))
    place.follow(place.seen("post", person, object="at://post/2"))
    assert place.one(Prospect, id=person).horizon == before


def test_a_late_answer_takes_back_the_nudge_before_it_is_sent(place: Office) -> None:
    person = place.person()
    sent_at = place.now
    place.follow(ours(place, person, "<m1@us.example>", sent_at))
    place.later(days=5, hours=1)
    covered(place)
    fire(place)
    nudge = place.one(Message)
    assert (nudge.state, nudge.template) == ("draft", "nudge")
    place.later(minutes=1)
    place.follow(place.seen("reply", person, at=sent_at + timedelta(days=2), text="Yes?"))
    assert (place.message(nudge.id).state, place.message(nudge.id).error) == (
        "discarded",
        "the history was corrected",
    )
    assert [one.rule for one in place.rows(Move) if one.superseded_at is not None] == ["nudge"]
    assert current(place) == [("answered", "cold", "engaged", sent_at + timedelta(days=2))]
    sound(place)


def test_a_rule_that_has_written_does_not_write_again_when_history_is_corrected(place: Office) -> None:
    """A late mail of ours moves the nudge to another anchor: a new key, and still one message."""
    person = place.person()
    sent_at = place.now
    place.follow(ours(place, person, "<m1@us.example>", sent_at))
    place.later(days=6)
    covered(place)
    fire(place)
    nudge = place.one(Message)
    place.change(Message, nudge.id, state="sent", sent_at=place.now, claimed_at=place.now)
    place.follow(ours(place, person, "<m2@us.example>", sent_at + timedelta(hours=1)))
    nudges = [one for one in place.rows(Move) if one.rule == "nudge"]
    assert [one.superseded_at is None for one in nudges] == [False, True]
    assert [one.id for one in place.rows(Message)] == [nudge.id]
    why = {one.why for one in place.rows(Effect, kind="draft")}
    assert why == {"", "the rule wrote before the history was corrected"}
    sound(place)


# --- effects --------------------------------------------------------------------------------------


TAGGING = RULES.replace(
    'when = [{ kind = ["reply"] }]',
    """when = [{ kind = ["reply"] }]
then = { tag = ["hot"], draft = "nudge", queue = "today", notify = ["owner"] }""",
)


@pytest.fixture
def tagging(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    store = sqlite_store(sqlite_template, tmp_path)
    yield office(store, tmp_path, rules=TAGGING)
    store.close()


def test_each_effect_happens_once_for_its_key(tagging: Office) -> None:
    person = tagging.person()
    tagging.later(minutes=1)
    entry = tagging.seen("reply", person, object="at://r")
    tagging.follow(entry)
    tagging.follow(entry)
    tagging.write(lambda session: tagging.runtime.consequences.follow(session, [], [person], (), tagging.now))
    assert sorted(one.kind for one in tagging.rows(Effect)) == ["card", "draft", "notice", "tag"]
    assert tagging.one(Prospect, id=person).tags == ["hot"]
    assert len([one for one in tagging.rows(Message) if one.occasion.startswith("firing:")]) == 1
    assert {cause["kind"] for cause in tagging.one(Card).causes} == {"reply", "rule"}


def test_what_is_decided_too_late_starts_nothing_but_the_tag(tagging: Office) -> None:
    person = tagging.person()
    at = tagging.now
    tagging.later(days=4)
    tagging.follow(tagging.seen("reply", person, at=at))
    effects = {one.kind: (one.state, one.why) for one in tagging.rows(Effect)}
    late = ("skipped", "too late to act on")
    assert effects == {"tag": ("done", ""), "card": late, "draft": late, "notice": late}


def test_who_objected_is_left_alone_and_not_even_tagged(tagging: Office) -> None:
    person = tagging.person()
    tagging.write(
        lambda session: session.add(Suppression(key=f"person:{person}", why="objected", at=tagging.now))
    )
    tagging.later(minutes=1)
    tagging.follow(tagging.seen("reply", person))
    assert {one.kind: one.state for one in tagging.rows(Effect)} == {
        "tag": "skipped",
        "card": "skipped",
        "draft": "skipped",
        "notice": "skipped",
    }
    assert tagging.rows(Card) == tagging.rows(Message) == []
    assert tagging.one(Prospect).tags == []
    assert stage(tagging, person) == "engaged"


@pytest.mark.parametrize("by", ["their mail", "our hand"])
def test_an_objection_takes_drafts_card_and_looks_away(place: Office, by: str) -> None:
    """GDPR Art. 21(2) and (3): no mail, no work for anybody, and nobody looks at what they publish."""
    person, other = place.person(), place.person("ben")
    for one in (person, other):
        place.follow(place.seen("reply", one, object=f"at://reply/{one}"))
    draft, approved = place.draft(person, "hand:8"), place.approved(person, "hand:9")
    place.later(minutes=1)
    if by == "our hand":
        case = Casework(place.runtime.consequences)
        place.write(lambda session: case.suppress(session, session.get_one(Prospect, person), "", place.now))
    else:
        place.follow(mail(place, person, "unsubscribe", dmarc=True))
    assert {place.message(id_).state for id_ in (draft, approved)} == {"discarded"}
    assert {one.prospect_id: one.state for one in place.rows(Card)} == {person: "expired", other: "open"}
    looked_at = {one.prospect_id: one.next_poll_at is not None for one in place.rows(Profile)}
    assert looked_at == {person: False, other: True}
    place.later(minutes=1)
    place.follow(place.seen("reply", person, object="at://reply/again"))
    assert {one.prospect_id: one.state for one in place.rows(Card)} == {person: "expired", other: "open"}


# --- stops and pauses -----------------------------------------------------------------------------


def mail(place: Office, person: int, kind: str, sender: str = "anna@anna.example", **attributes: Any) -> Any:
    number = len(place.happened())
    return place.seen(
        kind, person, actor=sender, object=f"<{number}@x>", channel="email", attributes=attributes
    )


def test_an_opt_out_takes_back_everything_that_was_not_said(place: Office) -> None:
    person = place.person()
    draft, approved = place.draft(person, "hand:1"), place.approved(person, "hand:2")
    place.follow(mail(place, person, "unsubscribe", dmarc=True))
    assert [place.message(one).state for one in (draft, approved)] == ["discarded", "discarded"]
    keys = sorted(one.key for one in place.rows(Suppression, why="they asked us not to write"))
    assert keys == ["email:anna@anna.example", f"person:{person}"]


def test_nobody_can_stop_anothers_mail(place: Office) -> None:
    person = place.person()
    place.follow(mail(place, person, "unsubscribe", "mallory@evil.example"))
    place.follow(mail(place, person, "bounce", hard=True, refers_to=["<made-up@us.example>"]))
    place.follow(mail(place, person, "complaint"))
    assert place.rows(Suppression) == []


FORGED = [("anna@anna.example", {}), ("anna@anna.example", {"refers_to": ["<made-up@us.example>"]})]
FORGED += [("mallory@evil.example", {"dmarc": True})]


def ask_whether_to_stop(place: Office, person: int, sender: str, attributes: dict[str, Any]) -> Card:
    place.follow(mail(place, person, "unsubscribe", sender, **attributes))
    assert place.rows(Suppression) == place.due() == []
    card: Card = place.one(Card)
    assert (card.section, [cause["kind"] for cause in card.causes]) == ("check", ["opt_out"])
    assert place.one(Prospect, id=person).paused_why == suppression.IN_DOUBT
    return card


@pytest.mark.parametrize(("sender", "attributes"), FORGED)
def test_an_opt_out_that_nobody_vouches_for_is_held_until_a_person_confirms_it(
    place: Office, sender: str, attributes: dict[str, Any]
) -> None:
    person = place.person()
    approved = place.approved(person)
    card = ask_whether_to_stop(place, person, sender, attributes)
    place.later(days=1000)
    assert place.due() == []
    place.write(lambda s: day.decide(s, card.id, "done", user_id=None, why=None, now=place.now))
    assert place.message(approved).state == "discarded"
    keys = sorted(one.key for one in place.rows(Suppression))
    assert keys == ["email:anna@anna.example", f"person:{person}"]


@pytest.mark.parametrize(("sender", "attributes"), FORGED)
def test_a_forged_opt_out_is_dismissed_and_writing_goes_on(
    place: Office, sender: str, attributes: dict[str, Any]
) -> None:
    person = place.person()
    approved = place.approved(person)
    card = ask_whether_to_stop(place, person, sender, attributes)
    place.write(lambda s: day.settle(s, card.id, user_id=None, now=place.now))
    assert place.one(Card).state == "open", "to approve a draft says nothing about the opt-out"
    place.write(lambda s: day.decide(s, card.id, "dismissed", user_id=None, why=None, now=place.now))
    assert place.rows(Suppression) == []
    assert place.due() == [approved]


def test_a_forged_absence_keeps_mail_back_for_a_week_and_no_longer(place: Office) -> None:
    person = place.person()
    place.follow(mail(place, person, "auto_reply", until="2027-11-01"))
    assert place.one(Prospect, id=person).paused_until == START + timedelta(days=7)
    place.follow(mail(place, person, "auto_reply", left=True, replacement="ben@anna.example"))
    assert place.rows(Suppression) == []
    (cause,) = place.one(Card).causes
    assert cause["detail"].startswith(suppression.LEFT_PERHAPS)


def test_a_hard_bounce_of_ours_stops_the_address_and_asks_for_another(place: Office) -> None:
    person = place.person()
    ours_ = place.message(place.approved(person)).message_id
    place.follow(mail(place, person, "bounce", hard=True, status="5.1.1", refers_to=[ours_]))
    assert [one.key for one in place.rows(Suppression)] == ["email:anna@anna.example"]
    (cause,) = place.one(Card).causes
    assert cause["kind"] == "failed"
    assert cause["detail"] == "the address does not exist: find another address"
    place.follow(place.seen("reply", person))
    assert stage(place, person) == "engaged"


def test_three_soft_bounces_within_two_weeks_pause_and_delays_do_nothing(place: Office) -> None:
    person = place.person()
    ours_ = place.message(place.approved(person)).message_id
    for number in range(3):
        assert place.one(Prospect, id=person).paused_until is None
        place.later(days=1)
        place.follow(mail(place, person, "bounce", hard=False, status="4.2.2", refers_to=[ours_], n=number))
    prospect = place.one(Prospect, id=person)
    assert prospect.paused_until == place.now + timedelta(days=14)
    assert prospect.paused_why == "3 mails bounced within 14 days"
    assert place.rows(Suppression) == []


@pytest.mark.parametrize("status", ["5.7.1", "5.7.26"])
def test_refusals_by_policy_are_about_us_and_pause_nobody(place: Office, status: str) -> None:
    person = place.person()
    ours_ = place.message(place.approved(person)).message_id
    for _ in range(4):
        place.later(hours=1)
        place.follow(mail(place, person, "bounce", hard=False, status=status, refers_to=[ours_]))
    assert place.one(Prospect, id=person).paused_until is None


@pytest.mark.parametrize(
    ("until", "back"),
    [
        ("2026-11-30", datetime(2026, 12, 1, tzinfo=UTC)),
        *[
            (none, START + timedelta(days=7))
            for none in ("", "2026-11-20", "9999-12-31", "never", "2999-01-01")
        ],
    ],
)
def test_out_of_office_waits_for_the_day_after_the_return(place: Office, until: str, back: datetime) -> None:
    person = place.person()
    message_id = place.approved(person)
    place.follow(mail(place, person, "auto_reply", until=until, dmarc=True))
    paused = place.one(Prospect, id=person).paused_until
    assert paused == back
    assert place.due() == []
    assert stage(place, person) == "cold"
    assert place.rows(Card) == []
    place.now = paused
    assert place.due() == [message_id]


def test_who_left_the_company_is_not_written_to_there_again(place: Office) -> None:
    person = place.person()
    left = {"left": True, "replacement": "ben@anna.example"}
    place.follow(mail(place, person, "auto_reply", dmarc=True, **left))
    assert [one.key for one in place.rows(Suppression)] == ["email:anna@anna.example"]
    (cause,) = place.one(Card).causes
    assert "they name ben@anna.example" in cause["detail"]


def test_a_post_of_long_ago_wakes_no_card(place: Office) -> None:
    person = place.person()
    place.follow(place.seen("reply", person, text="Yes?"))
    card = place.one(Card).id
    place.write(lambda session: day.snooze(session, card, until=None, wake_on="post", now=place.now))
    assert place.follow(place.seen("post", person, at=place.now - timedelta(days=90))) == []
    assert place.one(Card).state == "snoozed"
    place.follow(place.seen("post", person, object="at://post/new"))
    assert place.one(Card).state == "open"


def test_no_cold_mail_is_drafted_where_the_country_wants_consent_but_the_card_stays(place: Office) -> None:
    """E4: the rule's card is there for the social channels; with a consent its draft comes too."""
    person, free = place.person(country="DE"), place.person("ben", country="FR")
    for one in (person, free):
        place.follow(ours(place, one, f"<{one}@us.example>", place.now))
    place.later(days=6)
    covered(place)
    lines = fire(place)
    assert [one.prospect_id for one in place.rows(Message)] == [free]
    assert {one.prospect_id for one in place.rows(Card)} == {person, free}
    assert any("Germany asks for consent before the first mail" in line for line in lines)
