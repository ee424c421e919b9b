"""What one of us does with a person by hand, with all that follows, on both databases."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect
from sqlmodel import Session, SQLModel

from prospector import doctor
from prospector.casework import CaseError, Casework, person
from prospector.enrolment import enrol
from prospector.models import (
    Account,
    Card,
    Engagement,
    Message,
    Move,
    Poll,
    Profile,
    Prospect,
    Run,
    Suppression,
    User,
    table_of,
)
from prospector.prospects import details, erasure, hand, profiles, strangers
from prospector.prospects.details import Changes, WrongError
from prospector.prospects.erasure import ErasedError, ErasureError
from prospector.prospects.people import NewProspect, NotFoundError, TakenError
from prospector.prospects.scope import Scope
from prospector.queue import day
from prospector.sdk import ProfileRef
from prospector.store import Store
from prospector.team.sealing import make_key
from tests.office import Office, office


@pytest.fixture
def opened(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def case(opened: Office) -> Casework:
    return Casework(opened.runtime.consequences)


def do(opened: Office, id_: int, work: Any) -> Any:
    """Do something with the person, in one transaction."""
    return opened.write(lambda session: work(session, session.get_one(Prospect, id_)))


def sound(opened: Office) -> bool:
    with opened.store.reading() as session:
        return all(check.ok for check in doctor.invariants(session, opened.now))


def profile_of(opened: Office, id_: int) -> Profile:
    found: Profile = opened.rows(Profile, prospect_id=id_)[0]
    return found


# --- Moves and notes ----------------------------------------------------------------------------------


def test_a_move_taken_back_leaves_everything_as_if_it_had_never_been(opened: Office) -> None:
    id_ = opened.person()
    before = opened.one(Prospect, id=id_).model_dump()
    do(opened, id_, lambda s, who: case(opened).move(s, who, "won", opened.later(hours=1)))
    move = opened.one(Move)
    stage = do(opened, id_, lambda s, who: case(opened).take_back(s, who, move.key, opened.later(hours=1)))
    assert stage == "cold"
    assert opened.one(Prospect, id=id_).model_dump() == before
    assert opened.one(Move).superseded_at == opened.now
    assert sound(opened)
    opened.later(minutes=5)
    opened.follow(opened.seen("reply", id_))
    assert opened.one(Prospect, id=id_).stage == "engaged"


def test_a_stage_that_the_rules_do_not_know_is_refused(opened: Office) -> None:
    id_ = opened.person()
    with pytest.raises(CaseError, match="there are cold, engaged, won"):
        do(opened, id_, lambda s, who: case(opened).move(s, who, "nowhere", opened.now))


def test_who_is_kept_where_they_are_is_left_alone_by_rules(opened: Office) -> None:
    id_ = opened.person()
    do(opened, id_, lambda s, who: case(opened).move(s, who, "cold", opened.later(hours=1)))
    opened.later(hours=1)
    opened.follow(opened.seen("reply", id_))
    assert opened.one(Prospect, id=id_).stage == "cold"
    assert opened.rows(Move) == []


def test_a_call_counts_as_ours_and_a_note_does_not(opened: Office) -> None:
    id_ = opened.person()
    do(opened, id_, lambda s, who: case(opened).log(s, who, "note", "hm", opened.now))
    assert opened.one(Prospect, id=id_).next_timer_at is None
    do(opened, id_, lambda s, who: case(opened).log(s, who, "call", "hm", opened.now))
    assert opened.one(Prospect, id=id_).next_timer_at == opened.now + timedelta(days=5)


@pytest.mark.parametrize(("what", "text"), [("dance", "x"), ("note", "  "), ("note", "x" * 10_001)])
def test_what_cannot_be_logged(opened: Office, what: str, text: str) -> None:
    id_ = opened.person()
    with pytest.raises(hand.HandError):
        do(opened, id_, lambda s, who: case(opened).log(s, who, what, text, opened.now))


def test_a_person_is_found_only_in_ones_scope(opened: Office) -> None:
    id_ = opened.person()
    with opened.store.reading() as session:
        assert person(session, Scope(), id_).id == id_
        for scope, wanted in ((Scope(frozenset({7})), id_), (Scope(), 99), (Scope(), -1), (Scope(), 2**40)):
            with pytest.raises(NotFoundError):
                person(session, scope, wanted)


# --- Profiles -----------------------------------------------------------------------------------------


def seen_there(opened: Office, id_: int) -> None:
    """Things seen on their profile, as a look records them."""
    profile = profile_of(opened, id_)
    for kind in ("post", "reply"):
        entry = opened.seen(kind, id_, actor=profile.remote_id, object=f"at://{kind}")
        opened.follow(type(entry)("bluesky", entry.seen, opened.now, id_, profile.id, profile.account_id))


def test_not_them_gives_everything_back_to_strangers(opened: Office) -> None:
    id_ = opened.person()
    opened.later(hours=1)
    seen_there(opened, id_)
    assert opened.one(Prospect, id=id_).stage == "engaged"
    assert opened.one(Card).state == "open"
    draft = opened.draft(id_)
    opened.change(Message, draft, engagement_id=opened.rows(Engagement, kind="reply")[0].id)
    profile = profile_of(opened, id_)
    opened.write(lambda s: s.add(Poll(profile_id=profile.id, started_at=opened.now, outcome="new")))
    given = do(opened, id_, lambda s, who: case(opened).disown(s, who, profile.id, opened.later(hours=1)))
    assert given == 2
    assert opened.rows(Profile) == []
    assert opened.rows(Poll) == []
    assert {one.prospect_id for one in opened.happened()} == {None}
    assert opened.one(Prospect, id=id_).stage == "cold"
    assert opened.one(Move).superseded_at is not None
    assert (opened.one(Card).state, opened.one(Card).decided_why) == ("expired", "it was somebody else")
    assert opened.message(draft).state == "discarded"
    assert sound(opened)


def test_who_the_profile_belongs_to_gets_it_with_what_was_done_there(opened: Office) -> None:
    wrong, right = opened.person(), opened.person("bert")
    opened.later(hours=1)
    seen_there(opened, wrong)
    profile = profile_of(opened, wrong)
    do(opened, wrong, lambda s, who: case(opened).disown(s, who, profile.id, opened.now))

    def give(session: Session, who: Prospect) -> None:
        adopted = strangers.adopt(session, who.id, "bluesky", "did:anna")
        opened.runtime.consequences.follow(session, adopted, (), (), opened.now)

    do(opened, right, give)
    assert opened.one(Prospect, id=right).stage == "engaged"
    assert sound(opened)


def test_a_card_keeps_its_other_causes(opened: Office) -> None:
    id_ = opened.person()
    opened.later(hours=1)
    mail = opened.seen("email_reply", id_, channel="email", actor="anna@anna.example", object="<1@a>")
    opened.follow(mail)
    seen_there(opened, id_)
    before = opened.one(Card)
    assert len(before.causes) == 3
    profile = profile_of(opened, id_)
    do(opened, id_, lambda s, who: case(opened).disown(s, who, profile.id, opened.now))
    card = opened.one(Card)
    assert [cause["kind"] for cause in card.causes] == ["email_reply"]
    assert (card.state, card.priority) == ("open", sum(reason["points"] for reason in card.reasons))


def test_a_profile_of_somebody_else_cannot_be_taken(opened: Office) -> None:
    id_, other = opened.person(), opened.person("bert")
    ref = ProfileRef("bluesky", "https://bsky.app/profile/bert", "bert")
    with pytest.raises(TakenError):
        do(opened, id_, lambda s, who: profiles.attach(s, who, ref, {}, opened.now))
    theirs = profile_of(opened, other).id
    with pytest.raises(NotFoundError):
        do(opened, id_, lambda s, who: case(opened).disown(s, who, theirs, opened.now))


def test_how_a_profile_fares_is_said_in_words(opened: Office) -> None:
    id_ = opened.person()
    profile, account = profile_of(opened, id_), opened.installation.account_ids["bluesky"]

    def words() -> tuple[str, str]:
        with opened.store.reading() as session:
            (one,) = profiles.watched(session, id_, opened.now)
        return one.state, one.words

    assert words() == ("watched", "not looked at yet")
    opened.change(Profile, profile.id, polled_at=opened.now)
    opened.write(lambda s: s.add(Poll(profile_id=profile.id, started_at=opened.now, outcome="nothing")))
    assert words() == ("watched", "looked, nothing new")
    opened.change(Profile, profile.id, failing_since=opened.now, error="timed out")
    assert words() == ("failing", "could not look: timed out")
    opened.change(Account, account, paused_why="the password is wrong")
    assert words() == ("held", "not allowed to look: the password is wrong")
    opened.change(Profile, profile.id, gone_at=opened.now, error=None)
    assert words()[0] == "gone"
    opened.change(Profile, profile.id, gone_at=None, account_id=None)
    assert words()[0] == "unwatched"


# --- Editing ------------------------------------------------------------------------------------------


def test_an_edited_address_brings_what_its_owner_did_as_a_stranger(opened: Office) -> None:
    id_ = opened.person()
    entry = opened.seen("email_reply", id_, channel="email", actor="new@anna.example", object="<2@a>")
    opened.later(hours=1)
    opened.follow(type(entry)("email", entry.seen, opened.now, None))
    who = opened.one(Prospect, id=id_)
    changes = details.read({"email": "New@anna.example"}, who, (), "EUR")
    do(opened, id_, lambda s, who: case(opened).edit(s, who, changes, opened.now))
    assert [one.prospect_id for one in opened.happened()] == [id_]
    assert opened.one(Card).prospect_id == id_


def test_a_changed_field_wakes_the_rules_that_ask_for_it(store: Store, tmp_path: Path) -> None:
    rules = """
[[stage]]
name = "cold"
[[stage]]
name = "engaged"
[[rule]]
name = "vip"
to = "engaged"
when = [{ field = "title", is = "CTO" }]
[fit]
[[fit.rule]]
field = "title"
is = "CTO"
points = 30
"""
    opened = office(store, tmp_path, rules=rules)
    id_ = opened.person()
    changes = details.read({"title": "CTO"}, opened.one(Prospect, id=id_), (), "EUR")
    do(opened, id_, lambda s, who: case(opened).edit(s, who, changes, opened.later(hours=1)))
    who = opened.one(Prospect, id=id_)
    assert (who.stage, who.fit) == ("engaged", 80)


def test_the_owner_takes_the_open_card_along(opened: Office) -> None:
    id_ = opened.person()
    opened.write(lambda s: s.add(User(email="j@us.example", name="Jonas", created_at=opened.now)))
    opened.later(hours=1)
    opened.follow(opened.seen("reply", id_))
    owner = opened.one(User).id
    changes = details.read({"owner_id": str(owner)}, opened.one(Prospect, id=id_), [owner], "EUR")
    do(opened, id_, lambda s, who: case(opened).edit(s, who, changes, opened.now))
    assert opened.one(Card).owner_id == opened.one(Prospect, id=id_).owner_id == owner


def test_an_unchanged_form_changes_nothing(opened: Office) -> None:
    id_ = opened.person(value=1_234_50, currency="EUR", tags=["a", "b"], country="Portugal (PT)")
    who = opened.one(Prospect, id=id_)
    assert not details.read(details.shown(who), who, (), "USD")
    assert details.read({}, who, (), "USD").values == {}


@pytest.mark.parametrize(
    ("text", "minor"), [("0", 0), ("18000", 1_800_000), ("18,000.5", 1_800_050), ("1 000", 100_000)]
)
def test_amounts_as_people_write_them(text: str, minor: int) -> None:
    who = Prospect(name="A", currency="EUR")
    assert details.read({"value": text}, who, (), "EUR").values["value"] == minor


@pytest.mark.parametrize("text", ["18.000,50", "1e9", "-5", "٣", "99999999999", "1,00", "NaN", "5.123"])
def test_amounts_that_could_mean_something_else_are_refused(text: str) -> None:
    with pytest.raises(WrongError):
        details.read({"value": text}, Prospect(name="A"), (), "EUR")


# --- Erasure ------------------------------------------------------------------------------------------

PLANTED = ("Anna Weber", "anna@anna.example", "did:anna", "secret words", "bsky.app/profile/anna")


def rich(opened: Office) -> int:
    """A person with rows in every table."""
    id_ = opened.person(title="Weber's boss")
    opened.later(hours=1)
    seen_there(opened, id_)
    opened.follow(opened.seen("reply", id_, text="secret words", actor="did:anna"))
    do(opened, id_, lambda s, who: case(opened).log(s, who, "note", "secret words", opened.now))
    opened.approved(id_)
    card_id = opened.one(Card, prospect_id=id_).id
    later = opened.now + timedelta(days=1)
    opened.write(lambda s: day.snooze(s, card_id, until=later, wake_on=None, now=opened.now, user_id=None))
    why = "secret words"
    opened.write(lambda s: day.decide(s, card_id, "dismissed", user_id=None, why=why, now=opened.now))
    profile = profile_of(opened, id_)
    opened.write(lambda s: s.add(Poll(profile_id=profile.id, started_at=opened.now, outcome="new")))
    do(opened, id_, lambda s, who: case(opened).suppress(s, who, "rude\x00", opened.now))
    return id_


def everything(opened: Office) -> str:
    """All values of all tables, as one text."""
    with opened.store.reading() as session:
        tables = list(inspect(session.connection()).get_table_names())
        models = [model for model in SQLModel.__subclasses__() if hasattr(model, "__tablename__")]
        rows = [
            session.execute(table_of(model).select()).all()
            for model in models
            if model.__tablename__ in tables
        ]
    return repr(rows)


@pytest.mark.parametrize("sealed", [True, False])
def test_an_erased_person_is_nowhere_and_stays_out(opened: Office, sealed: bool) -> None:
    if sealed:
        make_key(opened.installation.workspace.root / "key")
    secret = opened.runtime.consequences.secret
    id_, other = rich(opened), opened.person("bert")
    kept = [one.id for one in opened.rows(Engagement, prospect_id=other)]
    assert all(word in everything(opened) for word in PLANTED)
    erased = do(opened, id_, lambda s, who: case(opened).erase(s, who, opened.now))
    assert erased.rows["engagements"] > 3
    assert erased.rows["messages"] >= 1
    assert erased.sealed is sealed
    left = everything(opened)
    assert [word for word in PLANTED if word in left] == (
        [] if sealed else [PLANTED[1], PLANTED[2], PLANTED[4]]
    )
    assert [one.id for one in opened.rows(Engagement)] == kept
    assert opened.rows(Run) == []
    assert sound(opened)
    ref = ProfileRef("bluesky", "https://bsky.app/profile/anna", "anna")
    for refs, email in (([ref], None), ([], "anna@anna.example")):
        with pytest.raises(ErasedError, match="asked to be forgotten"):
            opened.write(lambda s, refs=refs, email=email: erasure.refuse_erased(s, refs, email, secret))
    opened.write(lambda s: erasure.refuse_erased(s, [], "bert@bert.example", secret))


def test_nobody_is_added_again_who_was_erased(opened: Office) -> None:
    make_key(opened.installation.workspace.root / "key")
    id_ = rich(opened)
    do(opened, id_, lambda s, who: case(opened).erase(s, who, opened.now))
    ref = ProfileRef("bluesky", "https://bsky.app/profile/anna", "anna")
    for new in (NewProspect("Anna", [ref]), NewProspect("Anna", email="anna@anna.example")):
        with pytest.raises(ErasedError):
            opened.write(lambda s, new=new: enrol(s, opened.runtime.consequences, new, {}, opened.now))
    assert opened.rows(Prospect) == []


def test_nobody_is_given_what_an_erased_person_was_known_by(opened: Office) -> None:
    id_ = rich(opened)
    do(opened, id_, lambda s, who: case(opened).erase(s, who, opened.now))
    bert = opened.person("bert")
    ref = ProfileRef("bluesky", "https://bsky.app/profile/anna", "anna")
    changes = Changes({"email": "anna@anna.example"})
    with pytest.raises(ErasedError):
        do(opened, bert, lambda s, who: case(opened).edit(s, who, changes, opened.now))
    with pytest.raises(ErasedError):
        do(opened, bert, lambda s, who: case(opened).attach(s, who, ref, {}, opened.now))


def test_a_person_is_not_erased_while_a_message_leaves(opened: Office) -> None:
    id_ = opened.person()
    opened.change(Message, opened.approved(id_), state="sending")
    with pytest.raises(ErasureError, match="in a minute"):
        do(opened, id_, lambda s, who: case(opened).erase(s, who, opened.now))
    assert opened.one(Prospect, id=id_).name == "Anna Weber"


def test_an_export_holds_all_of_one_person_and_nothing_of_another(opened: Office) -> None:
    id_ = rich(opened)
    opened.person("bert")
    with opened.store.reading() as session:
        exported = erasure.export(session, session.get_one(Prospect, id_), opened.now)
    assert all(word in repr(exported) for word in PLANTED)
    assert "bert" not in repr(exported)
    assert {row["key"] for row in exported["suppressions"]} == {f"person:{id_}", "email:anna@anna.example"}
    assert len(exported["looks"]) == len(exported["cards"]) == 1
    assert len(exported["messages"]) >= 1


def test_a_suppression_by_hand_is_taken_back_but_not_their_own(opened: Office) -> None:
    id_ = opened.person()
    do(opened, id_, lambda s, who: case(opened).suppress(s, who, "", opened.now))
    do(opened, id_, lambda s, who: case(opened).allow(s, who, opened.now))
    assert opened.rows(Suppression) == []
    opened.follow(opened.seen("unsubscribe", id_))
    with pytest.raises(CaseError, match="asked us not to write"):
        do(opened, id_, lambda s, who: case(opened).allow(s, who, opened.now))
