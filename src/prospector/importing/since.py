"""What has happened with people since an import added them: whoever it is has a reason to stay.

Public posts do not count, since only the import made us look there; neither do drafts and cards that
rules made. Everything that a person did, theirs or ours, does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, or_, select

from prospector.importing.register import values_of
from prospector.importing.writing import mark
from prospector.models import (
    Card,
    Company,
    Consent,
    Edit,
    Effect,
    Engagement,
    ImportRow,
    Message,
    Profile,
    Prospect,
    Recipient,
    Suppression,
)

UNSAID = ("draft", "discarded")
PASSIVE = ("added", "drafted", "skipped")
SEEN_BY_LOOKING = ("post",)
_OURS = {"field_set": "somebody edited them", "note": "there is a note about them"}
Reasons = dict[int, list[str]]


def reasons(session: Session, run_id: int, rows: Sequence[ImportRow]) -> Mapping[int, list[str]]:
    """Why people whom these rows added should stay, by prospect; empty for who may go."""
    ids = [row.prospect_id for row in rows if row.prospect_id is not None]
    found: Reasons = defaultdict(list)
    _said(session, ids, found)
    _done(session, run_id, rows, found)
    _decided(session, ids, found)
    _changed(session, run_id, ids, found)
    _edited(session, rows, found)
    return found


def _note(found: Reasons, ids: Iterable[int | None], why: str) -> None:
    for id_ in ids:
        if id_ is not None and why not in found[id_]:
            found[id_].append(why)


def _said(session: Session, ids: Sequence[int], found: Reasons) -> None:
    said = select(Message.prospect_id).where(
        col(Message.prospect_id).in_(ids), col(Message.state).not_in(UNSAID)
    )
    _note(found, [*session.exec(said)], "a message to them was approved or sent")
    active = select(Recipient.prospect_id).where(
        col(Recipient.prospect_id).in_(ids), col(Recipient.state).not_in(PASSIVE)
    )
    _note(found, session.exec(active).all(), "a campaign writes to them")


def _done(session: Session, run_id: int, rows: Sequence[ImportRow], found: Reasons) -> None:
    """What they did, and what we noted, beside the import's own entries."""
    ids = [row.prospect_id for row in rows]
    adopted = {id_ for row in rows for id_ in row.after.get("adopted", ())}
    beside = select(Engagement).where(
        col(Engagement.prospect_id).in_(ids),
        col(Engagement.kind).not_in(SEEN_BY_LOOKING),
        or_(Engagement.by == "them", ~col(Engagement.object).startswith(mark(run_id), autoescape=True)),
    )
    for one in session.exec(beside):
        if one.id not in adopted:
            ours = _OURS.get(one.kind, "we did something with them")
            _note(found, [one.prospect_id], ours if one.by == "us" else "they did something since")


def _decided(session: Session, ids: Sequence[int], found: Reasons) -> None:
    decided = select(Card.prospect_id).where(
        col(Card.prospect_id).in_(ids),
        or_(col(Card.decided_by).is_not(None), col(Card.state).in_(("done", "snoozed", "dismissed"))),
    )
    _note(found, session.exec(decided).all(), "a card of theirs was decided")
    consents = select(Consent.prospect_id).where(col(Consent.prospect_id).in_(ids))
    _note(found, session.exec(consents).all(), "a consent of theirs is on record")
    keys = {f"person:{id_}": id_ for id_ in ids}
    barred = session.exec(select(Suppression.key).where(col(Suppression.key).in_(keys)))
    _note(found, [keys[key] for key in barred], "they asked not to be written to, which is kept")


def _changed(session: Session, run_id: int, ids: Sequence[int], found: Reasons) -> None:
    """By other runs: a bulk change, a later import, a merge."""
    edits = select(Edit.prospect_id, Edit.run_id).where(
        col(Edit.prospect_id).in_(ids),
        col(Edit.done_at).is_not(None),
        col(Edit.undone_at).is_(None),
        col(Edit.left).is_(None),
    )
    imports = select(ImportRow.prospect_id, ImportRow.run_id).where(
        col(ImportRow.prospect_id).in_(ids),
        ImportRow.run_id != run_id,
        col(ImportRow.done_at).is_not(None),
        col(ImportRow.undone_at).is_(None),
    )
    for prospect_id, other in [*session.exec(edits), *session.exec(imports)]:
        _note(found, [prospect_id], f"run {other} changed them")
    merged = select(Prospect).where(col(Prospect.merged_into_id).in_(ids))
    _note(found, [one.merged_into_id for one in session.exec(merged)], "they were merged with somebody")


def _edited(session: Session, rows: Sequence[ImportRow], found: Reasons) -> None:
    """What is not as the import left it. The stage is the rules' to change, and tags too."""
    ids = [row.prospect_id for row in rows]
    people = {one.id: one for one in session.exec(select(Prospect).where(col(Prospect.id).in_(ids)))}
    made_of = {one.company_id for one in people.values() if one.company_id is not None}
    known = select(Company).where(col(Company.id).in_(made_of))
    companies = {one.id: one for one in session.exec(known)}
    profiles, tags = _profiles(session, ids), _tags_of_rules(session, ids)
    for row in rows:
        one = people.get(row.prospect_id or 0)
        if one is None:
            continue
        company = companies.get(one.company_id) if one.company_id is not None else None
        changed = [*_fields(row.after.get("values", {}), one, company)]
        if set(one.tags) - set(row.after.get("tags", ())) - tags[one.id]:
            changed.append("the tags")
        if profiles[one.id] > len(row.after.get("profiles", ())):
            changed.append("the profiles")
        if changed:
            _note(found, [one.id], " and ".join(changed) + " changed since")
        if one.merged_into_id is not None:
            _note(found, [one.id], "they were merged with somebody")


def _fields(given: Mapping[str, Any], one: Prospect, company: Company | None) -> Iterator[str]:
    now = values_of(one, company)
    for name in sorted({*given, *now} - {"stage", "company", "domain", "source", "legal_basis"}):
        if now.get(name) != given.get(name):
            yield f"the {name.removeprefix('fields.').removesuffix('_id').replace('_', ' ')}"
    extra = {
        "the archive": one.archived_at,
        "the pause": one.paused_until,
        "the expected close": one.expected_close_on,
        "the reason of the loss": one.lost_reason,
    }
    yield from (words for words, value in extra.items() if value is not None)


def _profiles(session: Session, ids: Sequence[int | None]) -> Mapping[int, int]:
    found: dict[int, int] = defaultdict(int)
    for prospect_id in session.exec(select(Profile.prospect_id).where(col(Profile.prospect_id).in_(ids))):
        found[prospect_id] += 1
    return found


def _tags_of_rules(session: Session, ids: Sequence[int | None]) -> Mapping[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    tagged = select(Effect.prospect_id, Effect.detail).where(
        col(Effect.prospect_id).in_(ids), Effect.kind == "tag"
    )
    for prospect_id, detail in session.exec(tagged):
        found[prospect_id] |= set(detail.get("tag", ()))
    return found
