from __future__ import annotations

import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import Session
from tests.office import START, Office, office

from prospector.models import Account, Company, Message, Prospect
from prospector.outreach import doubt, ledger, outbox, suppression
from prospector.outreach.outbox import Claim, Limits, NotPossibleError
from prospector.store import Store

NO_LIMITS = Limits()


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Office:
    return office(store, tmp_path)


def claim(place: Office, message_id: int, limits: Limits = NO_LIMITS) -> Claim | None:
    return place.write(lambda session: outbox.claim(session, message_id, limits, place.now))


def suppress(place: Office, key: str) -> None:
    place.write(lambda session: suppression.suppress(session, [key], "a test", "hand", place.now))


def test_only_a_draft_can_be_approved(place: Office) -> None:
    message_id = place.approved(place.person())
    message = place.message(message_id)
    assert message.state == "approved"
    assert message.message_id.startswith("<")
    assert message.message_id.endswith("@us.example>")

    def again(session: Session) -> None:
        found = session.get_one(Message, message_id)
        outbox.approve(session, found, user_id=None, domain="x.example", hold=timedelta(), now=place.now)

    with pytest.raises(NotPossibleError, match="only a draft"):
        place.write(again)
    assert place.message(message_id).message_id == message.message_id


def test_what_was_approved_is_what_is_claimed(place: Office) -> None:
    message_id = place.approved(place.person())
    place.change(Message, message_id, body="something that nobody has read")
    assert claim(place, message_id) is None


def test_one_of_two_claims_wins(place: Office) -> None:
    message_id = place.approved(place.person())
    assert claim(place, message_id) is not None
    assert claim(place, message_id) is None


@pytest.mark.parametrize(
    "key", ["email:anna@anna.example", "domain:anna.example", "bluesky:did:anna", "person"]
)
def test_suppression_is_checked_in_the_claim_itself(place: Office, key: str) -> None:
    person = place.person()
    message_id = place.approved(person)
    suppress(place, f"person:{person}" if key == "person" else key)
    assert claim(place, message_id) is None
    assert place.message(message_id).state == "approved"


def test_the_cap_holds_in_any_24_hours(place: Office) -> None:
    messages = [place.approved(place.person(f"p{n}")) for n in range(4)]
    limits = Limits(cap=2)
    assert [claim(place, one, limits) is not None for one in messages[:3]] == [True, True, False]
    place.later(hours=23, minutes=59)
    assert claim(place, messages[2], limits) is None
    place.later(minutes=2)
    assert [claim(place, one, limits) is not None for one in messages[2:]] == [True, True]


def test_the_gap_holds_with_its_jitter_and_the_ledger_says_when_it_ends(place: Office) -> None:
    first, second = (place.approved(place.person(name)) for name in ("anna", "ben"))
    limits = Limits(gap=timedelta(seconds=90))
    assert claim(place, first, limits) is not None
    with place.store.reading() as session:
        waiting = session.get_one(Message, second)
        ends = ledger.gap_ends(session, waiting, limits, place.now)
    assert ends is not None
    assert timedelta(seconds=90) <= ends - place.now <= timedelta(seconds=144)
    place.now = ends - timedelta(seconds=1)
    assert claim(place, second, limits) is None
    place.now = ends
    assert claim(place, second, limits) is not None


def test_the_jitter_is_the_same_after_a_restart_and_within_its_bounds() -> None:
    gap = timedelta(seconds=90)
    found = [ledger.jittered(gap, f"<{n}@us.example>") for n in range(200)]
    assert found == [ledger.jittered(gap, f"<{n}@us.example>") for n in range(200)]
    assert gap <= min(found) < max(found) <= gap * 1.6


def test_due_gives_the_next_mail_of_each_mailbox_and_no_more(place: Office) -> None:
    messages = [place.approved(place.person(f"p{n}"), f"hand:{n}") for n in range(3)]
    assert place.due() == messages[:1]
    assert claim(place, messages[0], place.runtime.limits[place.message(messages[0]).account_id or 0])
    assert place.due() == []
    place.later(seconds=145)
    assert place.due() == messages[1:2]


def test_due_leaves_out_paused_accounts_people_and_companies(place: Office) -> None:
    person = place.person()
    message = place.message(place.approved(person))
    until = place.now + timedelta(days=1)
    from prospector.models import Company, Prospect

    company = place.one(Prospect, id=person).company_id
    for table, id_, values in (
        (Account, message.account_id, {"paused_why": "renew it", "paused_until": None}),
        (Prospect, person, {"paused_until": until, "paused_why": "away"}),
        (Company, company, {"paused_until": until, "paused_why": "a colleague answered"}),
        (Prospect, person, {"archived_at": place.now}),
    ):
        place.change(table, id_, **values)
        assert place.due() == [], values
        place.change(table, id_, **dict.fromkeys(values))
        assert place.due() == [message.id]


def test_a_pause_ends_by_itself(place: Office) -> None:
    from prospector.models import Prospect

    person = place.person()
    message_id = place.approved(person)
    place.change(Prospect, person, paused_until=place.now + timedelta(days=1), paused_why="away")
    assert place.due() == []
    place.later(days=1)
    assert place.due() == [message_id]


def test_recovery_tells_what_was_never_said_from_what_is_in_doubt(place: Office) -> None:
    silent, said = (place.approved(place.person(name)) for name in ("anna", "ben"))
    claims = {one: claim(place, one) for one in (silent, said)}
    assert place.write(lambda session: outbox.mark_data(session, claims[said], place.now))
    place.later(minutes=11)
    before = place.now - timedelta(minutes=10)
    assert place.write(lambda session: doubt.recover(session, before)) == ([silent], [said])
    assert [place.message(one).state for one in (silent, said)] == ["approved", "unknown"]


def revived(place: Office) -> tuple[int, outbox.Claim]:
    """A message in the hands of a process that slept through its recovery, after the second mark."""
    message_id = place.approved(place.person())
    zombie = claim(place, message_id)
    assert zombie is not None
    assert place.write(lambda session: outbox.mark_data(session, zombie, place.now))
    place.later(minutes=11)
    place.write(lambda session: doubt.recover(session, place.now))
    assert not place.write(lambda session: outbox.mark_data(session, zombie, place.now))
    assert place.message(message_id).state == "unknown"
    return message_id, zombie


def test_the_servers_word_to_a_zombie_still_counts_when_it_refused(place: Office) -> None:
    message_id, zombie = revived(place)
    assert place.write(lambda session: outbox.settle_refused(session, zombie, "no"))
    assert place.message(message_id).state == "refused"


def test_a_zombie_says_nothing_about_a_message_that_was_claimed_anew(place: Office) -> None:
    message_id, zombie = revived(place)
    assert place.write(lambda session: outbox.settle_unsaid(session, zombie, "no", place.now)) == "approved"
    assert claim(place, message_id) is not None
    assert not place.write(lambda session: outbox.settle_refused(session, zombie, "no"))
    assert place.write(lambda session: outbox.settle_unsaid(session, zombie, "no", place.now)) is None
    assert place.message(message_id).state == "sending"


def test_a_zombie_can_bring_the_news_that_it_was_accepted(place: Office) -> None:
    message_id, zombie = revived(place)
    assert place.write(
        lambda session: outbox.settle_sent(session, zombie, reply="250", uri="<x>", now=place.now)
    )
    assert place.message(message_id).state == "sent"


def test_proof_comes_from_what_quotes_the_message(place: Office) -> None:
    message_id = place.approved(place.person())
    taken = claim(place, message_id)
    assert taken is not None
    place.write(lambda session: outbox.mark_data(session, taken, place.now))
    place.write(lambda session: outbox.settle_unknown(session, taken, "no answer"))
    said_at, quoted = place.now, [place.message(message_id).message_id, "<other@x.example>"]
    place.later(hours=1)
    proved = place.write(lambda session: doubt.prove_sent(session, quoted, "quoted", place.now))
    assert [one.id for one in proved] == [message_id]
    assert place.message(message_id).sent_at == said_at
    assert place.write(lambda session: doubt.prove_sent(session, quoted, "quoted", place.now)) == []


def test_doubt_is_looked_for_ever_less_often() -> None:
    waits = [doubt.look_again(START, START + timedelta(hours=hours)) for hours in (0, 1, 8, 96, 1000)]
    after = [
        wait - START - timedelta(hours=hours) for wait, hours in zip(waits, (0, 1, 8, 96, 1000), strict=True)
    ]
    assert after == sorted(after)
    assert (after[0], after[-1]) == (timedelta(minutes=15), timedelta(days=1))


class OutboxMachine(RuleBasedStateMachine):
    """One message, one real recipient: whatever happens in whatever order, it is accepted at most
    once, never after a suppression that came before the claim, and never leaves `sending` but as
    invariant I4 allows."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="prospector-outbox-"))
        self.store = Store(f"sqlite:///{self.folder}/outbox.db")
        self.store.migrate()
        self.place = office(self.store, self.folder)
        self.person = self.place.person()
        self.message_id = self.place.draft(self.person)
        self.accepted = 0
        self.claims: list[Claim] = []
        self.marked: set[Claim] = set()
        self.answered: set[Claim] = set()
        self.suppressed_at: datetime | None = None
        self.states = ["draft"]

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)

    @property
    def state(self) -> str:
        return self.place.message(self.message_id).state

    @rule()
    def approve(self) -> None:
        def work(session: Session) -> None:
            message = session.get_one(Message, self.message_id)
            try:
                outbox.approve(
                    session, message, user_id=None, domain="u.example", hold=timedelta(), now=self.place.now
                )
            except NotPossibleError:
                assert message.state != "draft"

        self.place.write(work)

    @rule()
    def claim(self) -> None:
        taken = claim(self.place, self.message_id)
        if taken is not None:
            assert self.suppressed_at is None, "claimed after the suppression was committed"
            self.claims.append(taken)

    @precondition(lambda self: self.claims)
    @rule(which=st.integers(0, 3))
    def mark(self, which: int) -> None:
        held = self.claims[which % len(self.claims)]
        if self.place.write(lambda session: outbox.mark_data(session, held, self.place.now)):
            self.marked.add(held)

    @precondition(lambda self: self.marked - self.answered)
    @rule(which=st.integers(0, 3), said=st.booleans())
    def server_answers(self, which: int, said: bool) -> None:
        """The server takes it, or refuses; only a claim with the second mark ever gets here."""
        waiting = sorted(self.marked - self.answered, key=lambda one: one.claimed_at)
        held = waiting[which % len(waiting)]
        self.answered.add(held)
        now = self.place.now
        if said:
            self.accepted += 1
            self.place.write(
                lambda session: outbox.settle_sent(session, held, reply="250", uri="<u>", now=now)
            )
        else:
            self.place.write(lambda session: outbox.settle_refused(session, held, "550"))

    @precondition(lambda self: self.claims)
    @rule(which=st.integers(0, 3))
    def not_said(self, which: int) -> None:
        """Connecting failed before the second mark."""
        held = self.claims[which % len(self.claims)]
        if held not in self.marked:
            self.place.write(lambda session: outbox.settle_unsaid(session, held, "refused", self.place.now))

    @precondition(lambda self: self.marked - self.answered)
    @rule()
    def answer_is_lost(self) -> None:
        """The server took it, and the answer never came."""
        held = min(self.marked - self.answered, key=lambda one: one.claimed_at)
        self.answered.add(held)
        self.accepted += 1
        self.place.write(lambda session: outbox.settle_unknown(session, held, "no answer"))

    @rule()
    def crash_and_recover(self) -> None:
        self.place.later(minutes=1)
        self.place.write(lambda session: doubt.recover(session, self.place.now))

    @rule()
    def proof_by_answer(self) -> None:
        """Only what was accepted can be quoted."""
        if self.accepted:
            ids = [self.place.message(self.message_id).message_id or ""]
            self.place.write(lambda session: doubt.prove_sent(session, ids, "quoted", self.place.now))

    @rule()
    def proof_by_search(self) -> None:
        """A search that is proof finds nothing only when nothing was accepted, and nobody still talks."""
        if not self.accepted and not (self.marked - self.answered):
            self.place.write(lambda session: doubt.prove_unsent(session, self.message_id, self.place.now))

    @rule()
    def discard(self) -> None:
        def work(session: Session) -> None:
            message = session.get_one(Message, self.message_id)
            try:
                outbox.discard(session, message, "a person")
            except NotPossibleError:
                assert message.state in ("sending", "sent", "refused", "discarded")

        self.place.write(work)

    @rule()
    def suppress(self) -> None:
        suppress(self.place, f"person:{self.person}")
        self.suppressed_at = self.suppressed_at or self.place.now

    @rule(seconds=st.integers(1, 1000))
    def time_goes_by(self, seconds: int) -> None:
        self.place.later(seconds=seconds)

    @invariant()
    def accepted_at_most_once(self) -> None:
        if not hasattr(self, "states"):
            return
        assert self.accepted <= 1
        message = self.place.message(self.message_id)
        if message.state == "sent":
            assert self.accepted == 1
        if self.states[-1] == "sending" and message.state == "approved":
            assert message.data_at is None
        allowed = {
            "draft": {"draft", "approved", "discarded"},
            "approved": {"approved", "sending", "discarded"},
            "sending": {"sending", "sent", "refused", "unknown", "approved"},
            "unknown": {"unknown", "sent", "approved", "discarded"},
            "sent": {"sent"},
            "refused": {"refused"},
            "discarded": {"discarded"},
        }
        assert message.state in allowed[self.states[-1]], (self.states[-1], message.state)
        self.states.append(message.state)


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("what", ["archived", "person", "company", "account"])
def test_the_archive_and_every_break_are_checked_in_the_claim_itself(place: Office, what: str) -> None:
    person = place.person()
    message_id = place.approved(person)
    later = place.now + timedelta(hours=1)
    if what == "archived":
        place.change(Prospect, person, archived_at=place.now)
    elif what == "person":
        place.change(Prospect, person, paused_until=later, paused_why="away")
    elif what == "company":
        place.change(Company, place.one(Prospect, id=person).company_id, paused_until=later, paused_why="ill")
    else:
        account_id = place.message(message_id).account_id
        place.change(Account, account_id, paused_why="refused", paused_until=later)
    assert claim(place, message_id) is None
    assert place.message(message_id).state == "approved"
    if what == "archived":
        place.change(Prospect, person, archived_at=None)
    place.later(hours=1)
    assert claim(place, message_id) is not None


def test_an_account_whose_access_was_refused_sends_nothing_until_it_is_renewed(place: Office) -> None:
    message_id = place.approved(place.person())
    account_id = place.message(message_id).account_id
    place.change(Account, account_id, paused_why="refused")
    place.later(days=30)
    assert claim(place, message_id) is None
    place.change(Account, account_id, paused_why=None)
    assert claim(place, message_id) is not None
