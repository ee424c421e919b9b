"""A campaign of five hundred people against real mail servers, weeks of it in minutes: the clock is ours.

Whoever answers, bounces, complains, is away or says no, by one click, by mailto or in words: at the end each
state is right, nobody has two copies of anything, and nobody was written to after they said no.
"""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select, update
from tests.browser.serving import serving
from tests.live.crowd import NO, Neighbours, crowd, paired, spreadsheet
from tests.live.mail_servers import PASSWORD, MailServers
from tests.live.processes import until

from prospector import doctor, processes
from prospector.campaigns import approvals, batches, drafting, editing, launch, recipients, review
from prospector.campaigns.review import Terms
from prospector.campaigns.steps import Step, single
from prospector.importing import applying, listing, planning, staging
from prospector.installation import Installation, open_installation
from prospector.models import Account, Engagement, Message, Prospect, Recipient, Suppression
from prospector.outreach import approval, holds, suppression
from prospector.rules import live
from prospector.runtime import Runtime
from prospector.web import create_app

pytestmark = [pytest.mark.live, pytest.mark.timeout(1500)]

US = "campaign@us.test"
HOST = "mail.us.test"
RULES = Path(__file__).parents[2] / "src" / "prospector" / "rules" / "default.toml"
CONFIG = """
[sender]
name = "Uta Us"
email = "{us}"
company = "Us"
postal_address = "1 Loopback Lane, Testing"

[polling]
inbox_every = "1s"

[outreach]
hold = "1m"
gap = "0s"
daily_cap = 10000
ramp_weeks = 0
domain_cap = 10000
public_url = "https://{host}"
window = {{ always = true }}

[accounts.mail]
address = "{us}"
password = "env:CAMPAIGN_MAIL"
imap_host = "{mail.host}"
imap_port = {mail.imaps}
smtp_host = "{mail.host}"
smtp_port = {mail.submission}
ca = "{mail.certificate}"
save_to_sent = false
every = "0s"
"""
FIRST = """Subject: A question about {{ prospect.fields.incident }}

Hi {{ prospect.first_name }},

I read what you wrote about {{ prospect.fields.incident }} at {{ company.name }}. May I ask how it went?

Uta"""
SECOND = """Language: en

Hi {{ prospect.first_name }},

was my question of any use to you?

Uta"""
PATIENCE = 500.0


@dataclass
class Clock:
    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Office:
    """Our installation at work, on its own clock."""

    installation: Installation
    clock: Clock

    def __post_init__(self) -> None:
        self.runtime = Runtime(self.installation, now=self.clock)
        self.store = self.installation.store
        self.means = batches.Means(
            self.installation.settings, self.runtime.consequences.desk, self.installation.template_path()
        )
        self.trips: list[str] = []

    def rounds(self, count: int = 1) -> None:
        async def go() -> None:
            for _ in range(count):
                # Real servers take their time, of which ours must not make days.
                self.clock.at += timedelta(seconds=5)
                await processes.one_round(self.runtime)

        asyncio.run(go())

    def work_until(self, done: object, what: str) -> None:
        """Round after round, until it is so; a tripped breaker is let go, as a person would."""

        def look() -> bool:
            self.rounds()
            self.release()
            with self.store.reading() as session:
                return bool(done(session))  # type: ignore[operator]

        until(look, PATIENCE, what)

    def release(self) -> None:
        def work(session: Session) -> str | None:
            account = session.exec(select(Account).where(Account.name == "mail")).one()
            why = account.held_why if holds.is_held(account, self.clock.at) else None
            if why:
                holds.release(account, self.clock.at)
                session.add(account)
            return why

        if why := self.store.write(work):
            self.trips.append(why)


@pytest.fixture
def office(tmp_path: Path, mail_servers: MailServers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("CAMPAIGN_MAIL", PASSWORD)
    mail_servers.add_mailbox(US)
    (tmp_path / "config.toml").write_text(CONFIG.format(us=US, host=HOST, mail=mail_servers))
    (tmp_path / "rules.toml").write_text(RULES.read_text(encoding="utf-8"))
    # Four weeks ago, on a Monday: what people do is dated today, and nothing may lie in our future.
    monday = datetime.now(UTC).date() - timedelta(days=28 + datetime.now(UTC).weekday())
    clock = Clock(datetime.combine(monday, time(9), UTC))
    installation = open_installation(tmp_path, migrate=True)
    text = RULES.read_text(encoding="utf-8")
    installation.store.write(lambda session: live.go_live(session, text, "live", None, clock.at))
    installation.store.write(lambda session: session.exec(update(Account).values(next_poll_at=clock.at)))
    opened = Office(installation, clock)
    yield opened
    asyncio.run(opened.runtime.aclose())
    installation.close()


@pytest.fixture
def neighbours(office: Office, mail_servers: MailServers) -> Iterator[Neighbours]:
    people = paired(crowd())
    mail_servers.add_mailbox(*(one.address for one in people if one.has_mailbox))
    with serving(create_app(office.installation)) as page:
        yield Neighbours(mail_servers, US, page, HOST, people)


def test_a_campaign_of_five_hundred(office: Office, neighbours: Neighbours) -> None:
    campaign_id = bring(office, neighbours)
    approve(office, campaign_id)
    first_mails(office, neighbours)
    reactions(office, neighbours)
    office.clock.at += timedelta(days=1)
    office.rounds(2)
    assert sent(office, 2) == 0  # three working days have not passed
    second_mails(office, neighbours)
    third_act(office, neighbours)
    check(office, neighbours, campaign_id)


def bring(office: Office, neighbours: Neighbours) -> int:
    """The spreadsheet, its plan, the campaign and its drafts."""
    store, clock = office.store, office.clock
    before = [f"email:{one.address}" for one in neighbours.of("said no before")]
    store.write(lambda session: suppression.suppress(session, before, "they said no", "test", clock.at))
    file = io.BytesIO(spreadsheet(neighbours.people))
    run_id = staging.stage(store, file, "readers.csv", source="readers of our blog", now=clock.at)
    planning.plan(store, office.runtime.consequences, run_id, clock)
    with store.reading() as session:
        plan = listing.counts(session, run_id)
    # Four rows have no address, six said no, one stands there twice.
    assert (plan["add"], plan["refuse"]) == (490, 11), plan
    applying.apply(store, office.runtime.consequences, run_id, clock)

    def make(session: Session) -> int:
        steps = [Step(0, (single(FIRST),)), Step(3, (single(SECOND),))]
        mailbox = office.installation.account_ids["mail"]
        campaign = editing.create(session, "Readers", None, clock.at, steps=steps, account_ids=[mailbox])
        editing.configure(session, campaign, basis="legitimate interest", source="readers of our blog")
        added = recipients.add(session, campaign, recipients.from_run(session, run_id), run_id, clock.at)
        assert (added.added, added.refused) == (490, ())
        return campaign.id

    campaign_id = store.write(make)
    drafts = drafting.start(store, campaign_id, None, clock.at)
    drafting.carry_out(store, office.means.drafting, drafts, clock)
    return campaign_id


def approve(office: Office, campaign_id: int) -> None:
    """All that is ready; who has no first name is left, with the reason."""
    store, clock = office.store, office.clock
    terms = Terms(clock.at, "UTC", approval.rest_of(office.installation.settings))
    with store.reading() as session:
        read = review.read(session, campaign_id, terms)
    wanted = {one.prospect_id: {} for one in read.people}
    run_id = batches.start(store, "approve", campaign_id, {}, wanted, None, clock.at)
    batches.carry_out(store, {"approve": approvals.Approve()}, office.means, run_id, clock)
    with store.reading() as session:
        approved = session.exec(select(Message).where(Message.state == "approved")).all()
    assert len(approved) == 2 * 478

    def start(session: Session) -> None:
        campaign = editing.find(session, campaign_id)
        launch.start(
            session, office.installation.settings, office.runtime.consequences.desk, campaign, clock.at
        )

    store.write(start)
    clock.at += timedelta(minutes=2)  # the hold is over


def first_mails(office: Office, neighbours: Neighbours) -> None:
    office.work_until(lambda session: waiting(session, 1) == 0, "the first mails")
    assert sent(office, 1) == 478
    # Copies that came back: nobody there, full, and after a while the slow ones.
    returned = len(neighbours.of("nobody there")) + len(neighbours.of("full")) + len(neighbours.of("slow"))
    office.work_until(lambda session: number(session, "bounce") == returned, "the bounces")


def reactions(office: Office, neighbours: Neighbours) -> None:
    """Everybody reads their mail and does what is theirs."""
    back = (office.clock.at + timedelta(days=11)).date()
    for one in [*neighbours.of("answers"), *neighbours.of("of who answers")]:
        neighbours.answer(one)
    for one in neighbours.of("away"):
        neighbours.be_away(one, back)
    for place, one in enumerate(neighbours.of("by words")):
        neighbours.say_no(one, NO[place % len(NO)])
    for one in neighbours.of("one click"):
        neighbours.click(one)
    for one in neighbours.of("by mailto"):
        neighbours.write_to_mailto(one)
    for one in neighbours.of("complains"):
        neighbours.complain(one)
    said_no = sum(len(neighbours.of(kind)) for kind in ("by words", "one click", "by mailto"))
    wanted = Counter(email_reply=43, auto_reply=20, unsubscribe=said_no, complaint=6)
    office.work_until(
        lambda session: all(number(session, kind) == count for kind, count in wanted.items()), "what they did"
    )


def second_mails(office: Office, neighbours: Neighbours) -> None:
    """Three working days later: to who neither answered, nor is gone, nor said no, nor is away."""
    office.clock.at += timedelta(days=4)
    silent = 478 - 25 - 43 - 20 - 61 - 6 - 3
    office.work_until(lambda session: sent_now(session, 2) == silent, "the second mails")
    for one in neighbours.of("answers late"):
        neighbours.answer(one, 2)
    office.work_until(lambda session: number(session, "email_reply") == 43 + 15, "the late answers")
    assert sent(office, 2) == silent


def third_act(office: Office, neighbours: Neighbours) -> None:
    """Who was away is back, and the colleagues of who answered have had their two weeks."""
    before = sent(office, 2)
    office.clock.at += timedelta(days=13)
    office.work_until(lambda session: sent_now(session, 2) == before + 20 + 3, "who was away")
    office.rounds(3)


def check(office: Office, neighbours: Neighbours, campaign_id: int) -> None:
    with office.store.reading() as session:
        rows = session.exec(
            select(Prospect, Recipient).join(Recipient, col(Recipient.prospect_id) == Prospect.id)
        ).all()
        state = {prospect.email: recipient.state for prospect, recipient in rows}
        never = {one.key.removeprefix("email:") for one in session.exec(select(Suppression))}
        assert [one for one in doctor.invariants(session, office.clock.at) if not one.ok] == []
        assert session.exec(select(Message).where(col(Message.state).in_(("sending", "unknown")))).all() == []
    stopped = ("answers", "answers late", "of who answers", "by words", "one click", "by mailto", "complains")
    expected = {
        **dict.fromkeys((*stopped, "nobody there"), "stopped"),
        **dict.fromkeys(("silent", "full", "slow", "away", "colleague"), "done"),
        "no first name": "drafted",
    }
    wrong = {
        one.address: (one.kind, state.get(one.address))
        for one in neighbours.people
        if one.kind in expected and state.get(one.address) not in (expected[one.kind],)
    }
    # Who answers the last mail was through with the series.
    assert {kind for kind, _ in wrong.values()} <= {"answers late"}, wrong
    assert all(found == ("answers late", "done") for found in wrong.values()), wrong
    gone = ("by words", "one click", "by mailto", "complains", "nobody there", "said no before")
    assert {one.address for kind in gone for one in neighbours.of(kind)} <= never
    one_mail = {*stopped, "nobody there"} - {"answers late"}
    for one in neighbours.people:
        if not one.has_mailbox or one.kind == "full":
            continue
        mails = neighbours.mails(one)
        ids = [str(mail["Message-ID"]) for mail in mails]
        wanted = 0 if one.kind in ("no first name", "said no before") else 1 if one.kind in one_mail else 2
        assert (len(ids), len(set(ids))) == (wanted, wanted), (one, ids)
        if wanted == 2:
            first, second = sorted(mails, key=lambda mail: bool(mail["In-Reply-To"]))
            assert second["In-Reply-To"] == first["Message-ID"]
            assert second["Subject"] == f"Re: {first['Subject']}"
    assert any("bounced" in why for why in office.trips), office.trips
    assert any("complaints" in why for why in office.trips), office.trips


def waiting(session: Session, step: int) -> int:
    return len(
        session.exec(select(Message.id).where(Message.step == step, Message.state == "approved")).all()
    )


def sent_now(session: Session, step: int) -> int:
    return len(session.exec(select(Message.id).where(Message.step == step, Message.state == "sent")).all())


def sent(office: Office, step: int) -> int:
    with office.store.reading() as session:
        return sent_now(session, step)


def number(session: Session, kind: str) -> int:
    return len(session.exec(select(Engagement.id).where(Engagement.kind == kind)).all())
