"""One person of the review: their whole series as it will be read, what is wrong, and what would mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from prospector.campaigns import approvals, causes, drafting
from prospector.campaigns.batches import Means
from prospector.campaigns.causes import Trouble
from prospector.campaigns.review import Review
from prospector.campaigns.standing import Person
from prospector.campaigns.writing import Series, in_thread
from prospector.models import Account, Message, Prospect, Recipient
from prospector.outreach import listing, render
from prospector.outreach.dossier import facts_of
from prospector.outreach.facts import Facts, look_up
from prospector.outreach.letter import text_of
from prospector.outreach.listing import Reader, Row
from prospector.outreach.naming import completed
from prospector.outreach.pieces import Piece
from prospector.outreach.problem import Where

LONGEST_FACT = 120


@dataclass(frozen=True, slots=True)
class Field:
    """A fact that would mend something: what it is called, a value that may stand there, and what the
    campaign would write in its place."""

    path: str
    label: str
    suggestion: str
    fallback: str | None
    words: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail of the series. The pieces' texts, joined, are subject and body; `text` is all that is
    sent, footer included, byte for byte."""

    number: int
    wait: int
    message: Message
    subject: Sequence[Piece]
    body: Sequence[Piece]
    text: str
    row: Row
    troubles: Sequence[Trouble]


@dataclass(frozen=True, slots=True)
class Opened:
    """The person that is open: `place` is which of how many, `facts` what the texts were made of."""

    person: Person
    prospect: Prospect
    recipient: Recipient
    letters: Sequence[Letter]
    fields: Sequence[Field]
    facts: Sequence[tuple[str, str]]
    sender: str
    mailbox: str
    place: int
    of: int


def open_person(session: Session, means: Means, reader: Reader, found: Review, person: Person) -> Opened:
    """Everything about one person of a review."""
    recipient = session.get_one(Recipient, person.recipient_id)
    prospect = session.get_one(Prospect, person.prospect_id)
    messages = approvals.of_recipients(session, [recipient.id])[recipient.id]
    facts = completed(facts_of(session, prospect, None, means.desk.sender, means.desk.timezone))
    letters = _letters(session, means, reader, recipient, prospect, messages, facts)
    account = session.get(Account, recipient.account_id) if recipient.account_id is not None else None
    known = sorted({path for one in messages for path in one.facts.get("read", ())})
    ids = [one.recipient_id for one in found.people]
    return Opened(
        person,
        prospect,
        recipient,
        letters,
        fields_of(person, found.fallbacks),
        [(causes.name_of(path), _shown(facts, path)) for path in known if not path.startswith("sender.")],
        means.desk.sender.name,
        means.desk.sender_of(account) if account is not None else "",
        ids.index(person.recipient_id) + 1,
        len(ids),
    )


def fields_of(person: Person, fallbacks: Mapping[str, str]) -> list[Field]:
    """The facts that would mend this person's drafts, each once."""
    wanted: dict[str, Trouble] = {}
    for one in person.troubles:
        if one.path and not one.key.startswith("fallback:"):
            wanted.setdefault(one.path, one)
    return [
        Field(path, causes.name_of(path), one.fix, causes.fallback_for(path, fallbacks), one.words)
        for path, one in wanted.items()
    ]


def _letters(
    session: Session,
    means: Means,
    reader: Reader,
    recipient: Recipient,
    prospect: Prospect,
    messages: Sequence[Message],
    facts: Facts,
) -> list[Letter]:
    series = (
        drafting.series_of(session, means.drafting, recipient.campaign_id, recipient.version_id)
        if recipient.version_id is not None
        else None
    )
    rows = {row.id: row for row in listing.rows_of(session, reader, [(one, prospect) for one in messages])}
    first = messages[0].subject if messages else ""
    letters = []
    for message in messages:
        number = message.step or 1
        known = facts if number == 1 else in_thread(facts, first)
        letters.append(
            Letter(
                number,
                series.steps[number - 1].wait if series is not None and number <= len(series.steps) else 0,
                message,
                _pieces(series, message, known, "subject"),
                _pieces(series, message, known, "body"),
                text_of(message.body, message.footer),
                rows[message.id],
                causes.of_draft(message.problems if message.state == "draft" else ()),
            )
        )
    return letters


def _pieces(series: Series | None, message: Message, facts: Facts, where: Where) -> Sequence[Piece]:
    """The text cut at its facts, where it is what the template makes of them now; a text that somebody
    wrote by hand, or that was approved with other facts, is shown as it is."""
    text = message.subject if where == "subject" else message.body
    number, language = message.step or 1, str(message.facts.get("language", "en"))
    whole = [Piece(text)]
    if series is None or number > len(series.steps):
        return whole
    try:
        template = series.template(number, message.variant or "A", language)
    except KeyError:
        return whole
    cut = render.pieces(template, facts, series.version.fallbacks, where=where)
    return cut if "".join(piece.text for piece in cut) == text else whole


def _shown(facts: Facts, path: str) -> str:
    known = look_up(facts, path)
    return "" if known is None or known is False else str(known)[:LONGEST_FACT]
