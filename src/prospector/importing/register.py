"""What is known of the people whom a page of rows names: read in a few statements for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from prospector.enrolment import stages_of
from prospector.importing.plan import Known, Obstacle
from prospector.importing.rows import House, Said
from prospector.models import Company, Profile, Prospect, Suppression, User
from prospector.outreach import suppression
from prospector.prospects import erasure, people


@dataclass
class Register:
    """The people whom a page of rows may mean, and what stands in their way."""

    people: dict[int, Prospect] = field(default_factory=dict)
    companies: dict[int, Company] = field(default_factory=dict)
    profiles: Mapping[int, list[Profile]] = field(default_factory=dict)
    _by_email: dict[str, int] = field(default_factory=dict)
    _by_url: dict[str, int] = field(default_factory=dict)
    _suppressed: dict[str, str] = field(default_factory=dict)
    _erased: dict[str, datetime] = field(default_factory=dict)

    def known(self, said: Said) -> list[Known]:
        """The prospects whom this row names, each once."""
        ids = [self._by_email.get(said.email)] if said.email else []
        ids += [self._by_url.get(ref.url) for ref in said.refs]
        return [self.person(id_) for id_ in dict.fromkeys(ids) if id_ is not None]

    def person(self, prospect_id: int) -> Known:
        """A prospect as the plan sees them, as they are now."""
        one, profiles = self.people[prospect_id], self.profiles.get(prospect_id, [])
        unnamed = one.name == one.email or one.name in {profile.handle for profile in profiles}
        company = self.companies.get(one.company_id) if one.company_id is not None else None
        urls = frozenset(profile.url for profile in profiles)
        return Known(one.id, one.name, values_of(one, company), urls, tuple(one.tags), unnamed)

    def obstacle(self, said: Said, known: Sequence[Known], earlier: int | None) -> Obstacle:
        """What stands in the way of a row."""
        barred = [self._erased[key] for key in erasure.keys_of(said.refs, said.email) if key in self._erased]
        keys = _keys_of_row(said)
        for one in known:
            keys += suppression.keys_of(self.people[one.id], self.profiles.get(one.id, []))
        why = next((self._suppressed[key] for key in keys if key in self._suppressed), None)
        return Obstacle(f"{min(barred):%-d %b %Y}" if barred else None, why, earlier)


def values_of(one: Prospect, company: Company | None) -> dict[str, object]:
    """What is known of somebody, under the names of the fields of an import."""
    return {
        "name": one.name,
        "email": one.email,
        "title": one.title,
        "company": company.name if company is not None else None,
        "domain": company.domain if company is not None else None,
        "country": one.country,
        "timezone": one.timezone,
        "owner_id": one.owner_id,
        "value": one.value,
        "currency": one.currency,
        "stage": one.stage,
        "source": one.source,
        "legal_basis": one.legal_basis,
        **{f"fields.{name}": value for name, value in one.fields.items()},
    }


def read(session: Session, rows: Iterable[Said], secret: bytes | None, *, lock: bool = False) -> Register:
    """The register for these rows; `lock` keeps the people from being changed meanwhile."""
    several = list(rows)
    emails = {said.email for said in several if said.email}
    urls: dict[str, set[str]] = defaultdict(set)
    for said in several:
        for ref in said.refs:
            urls[ref.platform].add(ref.url)
    by_url = _by_url(session, urls)
    found = Register(_by_url=by_url)
    found._by_email = people.owners_of(session, people.MAIL, emails)
    _load(session, found, {*by_url.values(), *found._by_email.values()}, lock)
    barred = [key for said in several for key in erasure.keys_of(said.refs, said.email)]
    found._erased = erasure.erased_among(session, barred, secret)
    found._suppressed = _suppressed(session, found, several)
    return found


def _by_url(session: Session, urls: Mapping[str, set[str]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for platform, some in urls.items():
        rows = select(Profile.url, Profile.prospect_id).where(Profile.platform == platform)
        found |= dict(session.exec(rows.where(col(Profile.url).in_(some))).all())
    return found


def _load(session: Session, register: Register, ids: set[int], lock: bool) -> None:
    """The people; of who was entered twice, the one that lives on stands for both."""
    statement = select(Prospect).where(col(Prospect.id).in_(ids)).order_by(col(Prospect.id))
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    register.people = {one.id: one for one in session.exec(statement)}
    profiles: dict[int, list[Profile]] = defaultdict(list)
    for profile in session.exec(select(Profile).where(col(Profile.prospect_id).in_(ids))):
        profiles[profile.prospect_id].append(profile)
    register.profiles = profiles
    companies = {one.company_id for one in register.people.values() if one.company_id is not None}
    of_theirs = select(Company).where(col(Company.id).in_(companies))
    register.companies = {one.id: one for one in session.exec(of_theirs)}


def _suppressed(session: Session, register: Register, rows: Sequence[Said]) -> dict[str, str]:
    keys = [key for said in rows for key in _keys_of_row(said)]
    for id_, one in register.people.items():
        keys += suppression.keys_of(one, register.profiles.get(id_, []))
    barred = select(Suppression.key, Suppression.why).where(col(Suppression.key).in_(set(keys)))
    return dict(session.exec(barred).all())


def _keys_of_row(said: Said) -> list[str]:
    return [f"email:{said.email}", f"domain:{said.email.rpartition('@')[2]}"] if said.email else []


def house(session: Session, currency: str) -> House:
    """What rows refer to: our users, the stages, and the currency of a value without one."""
    users = session.exec(select(User).where(col(User.disabled_at).is_(None))).all()
    named = {user.name.casefold(): user.id for user in users}
    return House(named | {user.email.casefold(): user.id for user in users}, stages_of(session), currency)
