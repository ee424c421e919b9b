"""Where an erased person is named outside of their own rows, and taking those words away.

Rows of files that somebody imported, kept searches, what runs note of themselves, the texts of campaigns,
and the company of nobody else. What colleagues and others wrote in their own rows is theirs, and stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, Text, cast, delete, exists, false, func, or_
from sqlmodel import Session, SQLModel, col, select, update

from prospector.models import (
    Campaign,
    CampaignVersion,
    Company,
    ImportRow,
    Profile,
    Prospect,
    Run,
    View,
    table_of,
)

ERASED = "(erased)"
IN_TEXTS = "[[erased]]"
"""In what a campaign writes: a mark that no draft is approved with (`outreach.leftovers`), so that a person
mends the sentence before anybody gets it."""
LEAST = 4
"""A shorter name stands in too many words that are not about the person."""
_RUNS_OF_TWO = ("merge", "distinct")


def needles(people: Iterable[Prospect], profiles: Iterable[Profile]) -> list[str]:
    """What somebody is surely known by: addresses, profiles with their handles, and the full name."""
    found = [one.email for one in people if one.email]
    for profile in profiles:
        found += [profile.url, profile.url.partition("://")[2] or profile.url, profile.handle]
        found += [profile.remote_id or ""]
    found += [name for one in people if " " in (name := " ".join(one.name.split()))]
    return list(dict.fromkeys(one.lower() for one in found if len(one) >= LEAST))


def sure(words: Iterable[str]) -> list[str]:
    """Of these, what is nobody else's: a name may be, an address and a profile are not."""
    return [word for word in words if "@" in word or "/" in word]


def forget(session: Session, ids: Sequence[int], words: Sequence[str]) -> dict[str, int]:
    """Take away what names these people; how many rows of each table went or were blanked.

    Rows of files go where they hold an address or a profile; elsewhere the full name counts too.
    """
    return {
        "imports": _rows_of_files(session, ids, sure(words)),
        "searches": _searches(session, words),
        "runs": _runs(session, ids, words),
        "texts": _texts(session, words),
    }


def _naming(column: Any, words: Sequence[str]) -> ColumnElement[bool]:
    """Whether a text or JSON column holds one of the words, in whatever case. JSON is compared as it
    is written, where letters beyond ASCII are escapes."""
    text = func.lower(cast(column, Text))
    forms = dict.fromkeys(form for word in words for form in (word, json.dumps(word)[1:-1].lower()))
    return or_(*(text.contains(form, autoescape=True) for form in forms))


def _rows_of_files(session: Session, ids: Sequence[int], words: Sequence[str]) -> int:
    chosen: list[ColumnElement[bool]] = [col(ImportRow.prospect_id).in_(ids)]
    if words:
        chosen.append(_naming(ImportRow.cells, words))
    gone = session.execute(delete(ImportRow).where(or_(*chosen)))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _searches(session: Session, words: Sequence[str]) -> int:
    if not words:
        return 0
    gone = delete(View).where(or_(_naming(View.query, words), _naming(View.name, words)))
    return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]


def _runs(session: Session, ids: Sequence[int], words: Sequence[str]) -> int:
    """Merges and what was said of two rows go; of other runs the words alone."""
    number = 0
    for run in session.exec(select(Run).where(col(Run.kind).in_(_RUNS_OF_TWO))).all():
        pair = run.detail.get("pair") or [run.detail.get("kept"), run.detail.get("other")]
        if set(pair) & set(ids):
            session.delete(run)
            number += 1
    session.flush()
    if not words:
        return number
    naming = select(Run.id, Run.detail).where(col(Run.kind) != "card", _naming(Run.detail, words))
    for id_, detail in session.exec(naming).all():
        session.exec(update(Run).where(col(Run.id) == id_).values(detail=without(detail, words)))
        number += 1
    return number


def _texts(session: Session, words: Sequence[str]) -> int:
    """What campaigns write and note of themselves loses these words, and nothing around them."""
    number = 0
    for model, columns in _OF_CAMPAIGNS:
        table = table_of(model)
        naming = or_(*(_naming(table.c[name], words) for name in columns)) if words else false()
        for row in session.execute(select(table.c.id, *(table.c[name] for name in columns)).where(naming)):
            kept = {name: cut(getattr(row, name), words) for name in columns}
            session.execute(table.update().where(table.c.id == row.id).values(**kept))
            number += 1
    return number


_OF_CAMPAIGNS: tuple[tuple[type[SQLModel], tuple[str, ...]], ...] = (
    (CampaignVersion, ("steps", "fallbacks", "note")),
    (Campaign, ("basis", "source")),
)


def cut(value: Any, words: Sequence[str]) -> Any:
    """A value of JSON without these words, with the mark where each was."""
    if isinstance(value, str):
        return re.sub("|".join(map(re.escape, words)), IN_TEXTS, value, flags=re.IGNORECASE)
    if isinstance(value, list):
        return [cut(one, words) for one in value]
    if isinstance(value, dict):
        return {name: cut(one, words) for name, one in value.items()}
    return value


def without(value: Any, words: Sequence[str]) -> Any:
    """A value of JSON in which every text that holds one of the words is blanked."""
    if isinstance(value, str):
        return ERASED if any(word in value.lower() for word in words) else value
    if isinstance(value, list):
        return [without(one, words) for one in value]
    if isinstance(value, dict):
        return {without(name, words): without(one, words) for name, one in value.items()}
    return value


def forget_company(session: Session, company_id: int | None) -> int:
    """A company that was only theirs goes with them: its name may well be their own."""
    if company_id is None:
        return 0
    others = exists().where(col(Prospect.company_id) == company_id)
    bare = cast(col(Company.fields), String).in_(("{}", "null"))
    gone = delete(Company).where(
        col(Company.id) == company_id, ~others, bare, col(Company.paused_why).is_(None)
    )
    return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]
