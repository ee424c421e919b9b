"""A series under whatever happens, in whatever order: what must never be is never."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.campaigning import SERIES, Campaigning
from tests.office import Office, office, sqlite_store

from prospector.campaigns import editing, launch
from prospector.models import Message
from prospector.outreach import outbox
from prospector.sdk import NotSent, Refused

ENDING = ("email_reply", "reply", "dm", "unsubscribe", "meeting_booked", "bounce")


class SeriesMachine(RuleBasedStateMachine):
    """One campaign with three people; the model is what was sent to whom, and who said stop."""

    template: Path

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="series-"))
        self.store = sqlite_store(self.template, self.folder)
        self.place: Office = office(self.store, self.folder)
        self.people = [self.place.person(name) for name in ("anna", "ben", "carl")]
        self.campaign = Campaigning(self.place)
        self.campaign.add(*self.people)
        self.campaign.draft()
        self.campaign.start()
        self.stopped: dict[int, int] = {}
        self.version = 1

    def sent_to(self, person: int) -> list[Message]:
        return [one for one in self.campaign.mails(person) if one.state == "sent"]

    @rule(who=st.integers(0, 2))
    def approve(self, who: int) -> None:
        person = self.people[who]
        if self.campaign.states(person)[:1] == ["draft"]:
            self.campaign.approve(person)

    @rule(hours=st.sampled_from([1, 5, 30, 80]))
    def time_passes(self, hours: int) -> None:
        self.place.later(hours=hours)
        self.campaign.send()

    @rule(error=st.sampled_from([NotSent("busy"), RuntimeError("broke"), None]))
    def a_mail_fails(self, error: Exception | None) -> None:
        self.place.mail.acts = [error] if error is not None else []
        self.campaign.send()
        self.place.mail.acts = []

    @rule(who=st.integers(0, 2))
    def a_mail_is_refused(self, who: int) -> None:
        self.place.mail.acts = [Refused("550 no")]
        self.campaign.send()
        self.place.mail.acts = []
        assert who in range(3)

    @rule(who=st.integers(0, 2), kind=st.sampled_from(ENDING))
    def they_say_stop(self, who: int, kind: str) -> None:
        person = self.people[who]
        sent = self.sent_to(person)
        if not sent:
            return  # what is not quoted is no proof
        self.place.later(minutes=1)
        said = {"refers_to": [sent[0].message_id], "hard": True}
        channel = "bluesky" if kind in ("reply", "dm") else "email"
        self.place.follow(self.place.seen(kind, person, channel=channel, attributes=said))
        self.stopped.setdefault(person, len(sent))

    @rule(who=st.integers(0, 2))
    def a_person_discards_one(self, who: int) -> None:
        person = self.people[who]
        waiting = [one for one in self.campaign.mails(person) if one.state in ("draft", "approved")]
        if waiting:
            self.place.write(
                lambda session: outbox.discard(session, session.get_one(Message, waiting[-1].id), "by hand")
            )
            self.stopped.setdefault(person, len(self.sent_to(person)))

    @rule(length=st.integers(1, 3))
    def the_series_is_edited_and_drafted_again(self, length: int) -> None:
        kept = self.campaign.write(
            lambda session, one: (
                editing.save_version(session, one, SERIES[:length], {}, "", None, self.place.now).number
            )
        )
        assert kept >= self.version
        self.version = kept
        self.campaign.draft()

    @precondition(lambda self: len(self.stopped) < 3)
    @rule()
    def pause_and_go_on(self) -> None:
        self.campaign.write(lambda session, one: launch.pause(session, one, "a break", self.place.now))
        self.place.later(hours=30)
        assert self.campaign.send() == []
        self.campaign.start()

    @invariant()
    def nobody_gets_one_after_they_said_stop(self) -> None:
        for person, count in getattr(self, "stopped", {}).items():
            assert len(self.sent_to(person)) == count

    @invariant()
    def each_mail_goes_once_and_after_the_one_before_it(self) -> None:
        for person in getattr(self, "people", ()):
            sent = self.sent_to(person)
            assert [one.step for one in sent] == list(range(1, len(sent) + 1))
            times = [one.sent_at for one in sent]
            assert all(later - earlier >= timedelta(days=2) for earlier, later in pairwise(times))
            ids = [one.message_id for one in sent]
            done = [one.message_id for one in self.place.mail.done if one.message_id in ids]
            assert done == ids

    @invariant()
    def a_time_is_known_exactly_when_the_mail_before_has_left(self) -> None:
        for person in getattr(self, "people", ()):
            mails = self.campaign.mails(person)
            for before, mail in pairwise(mails):
                if mail.state == "approved":
                    assert (mail.send_at is not None) == (before.state == "sent"), (before.state, mail.step)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder, ignore_errors=True)


def test_a_series_holds_whatever_happens(sqlite_template: Path) -> None:
    """outreach.md, E19 and E23: never a step after a stop, never twice, never before the one before."""

    class Machine(SeriesMachine):
        template = sqlite_template

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=5,
            stateful_step_count=16,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
