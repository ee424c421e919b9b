"""What a page of an import writes: new people with all that goes with them, and changes of known ones.

Written together for the whole page, since a statement a person would take minutes for a long file. What
the import notes in the history bears its number, so that undoing it finds these entries and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from prospector.consequences import Consequences
from prospector.engagements import Entry, log
from prospector.importing.planning import Judged
from prospector.importing.register import Register
from prospector.models import Company, Engagement, Prospect, Run
from prospector.prospects.people import FREE_MAIL, profile_row
from prospector.sdk import Seen
from prospector.team import assignment

HISTORY = frozenset(
    {"email", "title", "country", "timezone", "company", "value", "currency", "source", "tags"}
)
"""Of a known person's fields, what rules ask for; of a new one's, their own fields too (docs/rules.md)."""
_Key = tuple[str, str]
_COLUMNS = ("name", "email", "title", "country", "timezone", "owner_id", "value", "currency")


class Page:
    """What one page does, gathered to be written together."""

    def __init__(self, run: Run, register: Register, first_stage: str, now: datetime) -> None:
        self._run, self._register, self._first_stage, self._now = run, register, first_stage, now
        self._new: list[tuple[Judged, Prospect]] = []
        self._changed: list[tuple[Judged, Prospect]] = []
        self._owners: dict[int, int | None] = {}

    def note(self, judged: Judged) -> None:
        """Take up a row that writes."""
        decision = judged.decision
        if decision.prospect_id is None:
            self._new.append((judged, self._prospect(decision.after, decision.tags)))
        else:
            self._changed.append((judged, self._register.people[decision.prospect_id]))

    def write(self, session: Session, consequences: Consequences) -> None:
        """Write all of it, and all that follows from it."""
        companies = _Companies(session, [judged for judged, _ in (*self._new, *self._changed)])
        for judged, prospect in self._new:
            prospect.company_id = companies.of(judged)
        session.add_all(prospect for _, prospect in self._new)
        for judged, prospect in self._changed:
            self._change(judged, prospect, companies)
        session.flush()
        self._add_profiles(session, consequences.looking)
        session.flush()
        both = [*self._new, *self._changed]
        log(session, [entry for judged, prospect in both for entry in self._entries(judged, prospect)])
        adopted = self._adopt(session)
        assignment.move_cards(session, self._owners)
        for judged, prospect in both:
            self._keep(judged, prospect, adopted)
        earlier = [one for of_one in adopted.values() for one in of_one]
        consequences.follow(session, earlier, {prospect.id for _, prospect in both}, (), self._now)

    def _prospect(self, values: Mapping[str, Any], tags: tuple[str, ...]) -> Prospect:
        stage, since = values.get("stage") or self._first_stage, self._now.replace(microsecond=0)
        columns: dict[str, Any] = {name: values.get(name) for name in _COLUMNS}
        return Prospect(
            **columns,
            tags=list(tags),
            fields=_own(values),
            source=values.get("source"),
            source_at=self._now if values.get("source") else None,
            legal_basis=values.get("legal_basis"),
            start_stage=stage,
            stage=stage,
            stage_at=since,
            tracked_from=since,
            created_at=self._now,
        )

    def _change(self, judged: Judged, prospect: Prospect, companies: _Companies) -> None:
        after = judged.decision.after
        for name in _COLUMNS:
            if name in after:
                setattr(prospect, name, after[name])
        if "owner_id" in after:
            self._owners[prospect.id] = after["owner_id"]
        if "source" in after:
            prospect.source, prospect.source_at = after["source"], self._now
        if "legal_basis" in after:
            prospect.legal_basis = after["legal_basis"]
        if "company" in after or "domain" in after:
            judged.row.before = {**judged.row.before, "company_id": prospect.company_id}
            prospect.company_id = companies.of(judged)
            judged.row.after = {**judged.row.after, "company_id": prospect.company_id}
        if own := _own(after):
            prospect.fields = {**prospect.fields, **own}
        if judged.decision.tags:
            prospect.tags = [*prospect.tags, *judged.decision.tags]

    def _add_profiles(self, session: Session, looking: Mapping[str, int]) -> None:
        for judged, prospect in (*self._new, *self._changed):
            refs = judged.said.refs if judged.said is not None else ()
            for ref in refs:
                if ref.url in judged.decision.profiles:
                    session.add(profile_row(prospect.id, ref, looking, self._now))

    def _entries(self, judged: Judged, prospect: Prospect) -> list[Entry]:
        """The history of the fields, from which rules read them (docs/rules.md, S12)."""
        decision, is_new = judged.decision, judged.decision.prospect_id is None
        given = {name.removeprefix("fields."): value for name, value in decision.after.items() if is_new}
        if not is_new:
            given = dict(decision.after)
        wanted = {name: value for name, value in given.items() if name in HISTORY or is_new}
        for name in ("name", "stage", "domain", "owner_id", "legal_basis"):
            wanted.pop(name, None)
        if decision.tags:
            wanted["tags"] = list(prospect.tags)
        found = [
            self._entry(prospect, "field_set", name, {"field": name, "value": value})
            for name, value in wanted.items()
        ]
        if not is_new and "stage" in decision.after:
            found.append(self._entry(prospect, "stage_set", "stage", {"to": decision.after["stage"]}))
        return found

    def _entry(self, prospect: Prospect, kind: str, name: str, attributes: Mapping[str, Any]) -> Entry:
        what = f"{mark(self._run.id)}{prospect.id}:{name}"
        seen = Seen(kind, "us", what, self._now, by="us", attributes=attributes)
        return Entry("ui", seen, self._now, prospect.id, user_id=self._run.user_id)

    def _adopt(self, session: Session) -> dict[int, list[Engagement]]:
        """What people did by mail towards us before we knew their address becomes theirs."""
        gained = [
            (prospect.email, prospect.id)
            for judged, prospect in (*self._new, *self._changed)
            if prospect.email is not None and "email" in judged.decision.after
        ]
        owners = dict(gained)
        strangers = select(Engagement.id, Engagement.actor).where(
            col(Engagement.prospect_id).is_(None),
            Engagement.channel == "email",
            col(Engagement.actor).in_(owners),
        )
        ids: dict[int, int] = {id_: owners[actor] for id_, actor in session.exec(strangers)}
        for id_, owner in ids.items():
            session.execute(update(Engagement).where(col(Engagement.id) == id_).values(prospect_id=owner))
        adopted: dict[int, list[Engagement]] = {}
        ordered = select(Engagement).where(col(Engagement.id).in_(ids))
        for one in session.exec(ordered.order_by(col(Engagement.at), col(Engagement.id))):
            adopted.setdefault(ids[one.id], []).append(one)
        return adopted

    def _keep(
        self,
        judged: Judged,
        prospect: Prospect,
        adopted: Mapping[int, list[Engagement]],
    ) -> None:
        """What undoing needs beside the values: which strangers' deeds became theirs."""
        row = judged.row
        row.prospect_id, row.done_at = prospect.id, self._now
        if theirs := adopted.get(prospect.id):
            row.after = {**row.after, "adopted": [one.id for one in theirs]}


class _Companies:
    """The companies that a page's rows name: by domain, else by name; made where unknown."""

    def __init__(self, session: Session, page: Sequence[Judged]) -> None:
        wanted: dict[_Key, str] = {}
        for judged in page:
            domain, name = _named(judged)
            if (key := _key(domain, name)) is not None:
                wanted.setdefault(key, name or str(domain))
        known = _known(session, wanted)
        new = {
            key: Company(name=name, domain=key[1] if key[0] == "domain" else None)
            for key, name in wanted.items()
            if key not in known
        }
        session.add_all(new.values())
        session.flush()
        self._ids = known | {key: company.id for key, company in new.items()}

    def of(self, judged: Judged) -> int | None:
        """The company of a row."""
        key = _key(*_named(judged))
        return self._ids[key] if key is not None else None


def _key(domain: str | None, name: str | None) -> _Key | None:
    if domain is not None:
        return "domain", domain
    return ("name", name) if name is not None else None


def _known(session: Session, wanted: Iterable[_Key]) -> dict[_Key, int]:
    """Those that are there; of several with one name the oldest."""
    domains = [text for kind, text in wanted if kind == "domain"]
    names = [text for kind, text in wanted if kind == "name"]
    by_domain = select(Company).where(col(Company.domain).in_(domains))
    found: dict[_Key, int] = {("domain", str(one.domain)): one.id for one in session.exec(by_domain)}
    by_name = select(Company).where(col(Company.name).in_(names)).order_by(col(Company.id).desc())
    return found | {("name", one.name): one.id for one in session.exec(by_name)}


def _named(judged: Judged) -> tuple[str | None, str | None]:
    """Domain and name of the company that a row names. A new person's address tells their company's
    domain; a known one's does not, since they may be elsewhere by now."""
    values = judged.decision.after
    domain = values.get("domain")
    if domain is None and judged.decision.prospect_id is None and values.get("email"):
        domain = str(values["email"]).rpartition("@")[2]
        domain = None if domain in FREE_MAIL else domain
    return domain, values.get("company")


def _own(values: Mapping[str, Any]) -> dict[str, Any]:
    """A person's own fields among these values."""
    return {
        name.removeprefix("fields."): value for name, value in values.items() if name.startswith("fields.")
    }


def mark(run_id: int) -> str:
    """With what the entries of an import begin in the history."""
    return f"import:{run_id}:"
