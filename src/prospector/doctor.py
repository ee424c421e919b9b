"""Is all well? Configuration, connectors, access and the invariants of the data, each as a check."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from prospector import mail_checks, workspace
from prospector.domain_records import NoAnswerError
from prospector.installation import Installation
from prospector.models import Account, Effect, Engagement, Message, Move, Profile, Prospect, Suppression
from prospector.outreach import ledger, suppression
from prospector.outreach.domains import domain_of
from prospector.outreach.ledger import Limits
from prospector.outreach.template import load_all
from prospector.polling import access
from prospector.prospects.people import FREE_MAIL
from prospector.rules import format, live
from prospector.rules.live import Parsed
from prospector.rules.vocabulary import CHANNELS
from prospector.runtime import Runtime
from prospector.sdk import ConnectorError

STUCK = timedelta(minutes=10)
AT_ONCE = timedelta(seconds=1)
NO_LIMITS: Mapping[int, Limits] = {}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what was found."""

    check: str
    ok: bool
    detail: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def examine(
    installation: Installation, now: datetime, *, online: bool = True, mail_test: bool = False
) -> list[Check]:
    """Every check, those of the data by reading all of it. Without `online` no server is asked;
    `mail_test` sends a mail from each mailbox to itself."""
    checks = [*files(installation)]
    if online:
        checks += asyncio.run(_access(installation))
        checks += _authentication(installation, now, mail_test=mail_test)
    limits = ledger.limits_of(installation.settings, installation.account_ids)
    with installation.store.reading() as session:
        checks += invariants(session, now, limits)
        if installation.store.sqlite:
            checks.append(_integrity(session))
    return checks


def invariants(session: Session, now: datetime, limits: Mapping[int, Limits] = NO_LIMITS) -> list[Check]:
    """What must hold whatever happened (docs/reliability.md, I1 to I10). `limits` are those of the
    accounts whose caps are checked."""
    return [
        _none("I1 engagements", _doubled(session), "each engagement is stored once"),
        _none("I3 moves", _unfolded(session), "stored moves are what the rules say"),
        _none("I4 messages", _sent_twice(session), "no message for one occasion twice"),
        _none("I5 suppression", _sent_to_suppressed(session), "nobody was written to after they said no"),
        _none("I6 effects", _effects_twice(session), "each effect happened at most once"),
        _none("I7 caps", _over_cap(session, limits, now), "no account has sent more than it may"),
        _none("I9 cursors", _cursors_ahead(session), "no profile claims to have been seen in the future"),
        _none("I10 sending", _stuck(session, now), "nothing is stuck on its way out"),
    ]


def files(installation: Installation) -> Iterator[Check]:
    """What can be checked without asking a server or reading the data."""
    accounts = ", ".join(installation.settings.accounts) or "none yet"
    yield Check("config.toml", True, f"{installation.workspace.config} (accounts: {accounts})")
    for name, connector in sorted(installation.connectors.items()):
        yield Check(f"connector {name}", True, str(workspace.origin(connector)))
    yield _rules(installation)
    library = load_all(installation.template_path())
    broken = "; ".join(str(error) for error in library.errors)
    yield Check("templates", not library.errors, broken or f"{len(library.templates)} templates")


def _rules(installation: Installation) -> Check:
    path = installation.workspace.rules
    try:
        rules = format.parse(path.read_text(encoding="utf-8"), CHANNELS | installation.served)
    except FileNotFoundError:
        return Check("rules.toml", False, f"{path} is missing; the live rules stay in force")
    except (format.RulesError, UnicodeDecodeError) as error:
        return Check("rules.toml", False, str(error))
    return Check("rules.toml", True, f"{len(rules.rules)} rules, {len(rules.stages)} stages")


async def _access(installation: Installation) -> list[Check]:
    """Ask each account who we are there: proves the address, the credentials and the network."""
    runtime = Runtime(installation)
    try:
        return list(await asyncio.gather(*(_whoami(runtime, name) for name in installation.account_ids)))
    finally:
        await runtime.aclose()


async def _whoami(runtime: Runtime, name: str) -> Check:
    answered = await access.ask(runtime, runtime.installation.account_ids[name])
    return Check(f"account {name}", answered.ok, answered.words)


def _authentication(installation: Installation, now: datetime, *, mail_test: bool) -> Iterator[Check]:
    """SPF, DMARC and MX of each mailbox's domain, and with `mail_test` its DKIM."""
    for mailbox in mail_checks.mailboxes(installation):
        try:
            found = mail_checks.published(installation, mailbox, now)
            if mail_test:
                found += mail_checks.mailed(installation, mailbox, now)
        except (NoAnswerError, ConnectorError) as error:
            yield Check(f"authentication {mailbox.name}", False, str(error))
            continue
        for one in found:
            words = f"{one.words}; {one.advice}" if one.advice else one.words
            yield Check(f"{one.check} {mailbox.name}", one.level != "bad", words)


def _none(name: str, problems: Iterable[str], well: str) -> Check:
    found = list(problems)
    return Check(name, not found, "; ".join(found[:5]) if found else well)


def _doubled(session: Session) -> list[str]:
    keys = select(Engagement.key).group_by(Engagement.key).having(func.count() > 1)
    return [f"{key} is stored more than once" for key in session.exec(keys)]


def _unfolded(session: Session) -> Iterator[str]:
    versions = Parsed().versions(session)
    for prospect in session.exec(select(Prospect).order_by(col(Prospect.id))).yield_per(500):
        events = live.events_of(session, prospect.id)
        history = live.history_of(prospect, events, versions, prospect.horizon)
        current = select(Move).where(Move.prospect_id == prospect.id, col(Move.superseded_at).is_(None))
        for problem in live.differences(session.exec(current).all(), prospect, history, prospect.created_at):
            yield f"prospect {prospect.id}: {problem}"


def _sent_twice(session: Session) -> list[str]:
    groups = (
        select(Message.prospect_id, Message.occasion)
        .where(col(Message.state).in_(("approved", "sending", "sent", "unknown", "refused")))
        .group_by(col(Message.prospect_id), col(Message.occasion), col(Message.action))
        .having(func.count() > 1)
    )
    return [f"prospect {id_}: {occasion} more than once" for id_, occasion in session.exec(groups)]


def _sent_to_suppressed(session: Session) -> list[str]:
    """What was claimed after the suppression, but for those that were claimed while it was written:
    both are dated before they are committed."""
    since = dict(session.exec(select(Suppression.key, Suppression.at)).all())
    if not since:
        return []
    rows = session.exec(
        select(Message.id, Message.claimed_at, Prospect.id, Prospect.email)
        .join(Prospect, col(Prospect.id) == col(Message.prospect_id))
        .where(col(Message.claimed_at).is_not(None), col(Message.state).in_(ledger.COUNTED))
    )
    late = []
    for message_id, claimed_at, prospect_id, email in rows.yield_per(1000):
        said = [since[key] for key in suppression.keys_of_person(prospect_id, email) if key in since]
        if said and claimed_at is not None and claimed_at > min(said) + AT_ONCE:
            late.append(f"message {message_id} left after the person was suppressed")
    return late


def _over_cap(session: Session, limits: Mapping[int, Limits], now: datetime) -> Iterator[str]:
    """Accounts and domains of theirs with more in 24 hours than may be. A cap that was lowered today
    is told until the day is over."""
    today = col(Message.state).in_(ledger.COUNTED), col(Message.claimed_at) > now - ledger.DAY
    for id_, one in limits.items():
        account = session.get_one(Account, id_)
        cap = ledger.cap_of(session, account, one, now)
        sent = session.exec(ledger.counted(id_).where(*today)).one()
        if cap is not None and sent > cap:
            yield f"{account.name} has sent {sent} in 24 hours, and may send {cap}"
    caps = {one.domain_cap for one in limits.values() if one.domain_cap is not None}
    mails = select(Message.address).where(*today, col(Message.address).is_not(None))
    domains = Counter(domain_of(address) for address in session.exec(mails) if caps)
    for domain, count in domains.items():
        if count > max(caps) and domain not in FREE_MAIL:
            yield f"{domain} has had {count} mails in 24 hours, and may have {max(caps)}"


def _effects_twice(session: Session) -> list[str]:
    groups = (
        select(Effect.prospect_id, Effect.key)
        .group_by(col(Effect.prospect_id), col(Effect.key), col(Effect.kind))
        .having(func.count() > 1)
    )
    return [f"prospect {id_}: {key[:12]} happened twice" for id_, key in session.exec(groups)]


def _cursors_ahead(session: Session) -> list[str]:
    ahead = select(Profile.id).where(col(Profile.covered_until) > col(Profile.polled_at))
    inboxes = select(Account.name).where(col(Account.covered_until) > col(Account.polled_at))
    problems = [f"profile {id_} is covered beyond its last look" for id_ in session.exec(ahead)]
    return problems + [f"account {name} is covered beyond its last look" for name in session.exec(inboxes)]


def _stuck(session: Session, now: datetime) -> list[str]:
    old = select(Message.id).where(Message.state == "sending", col(Message.claimed_at) < now - STUCK)
    return [f"message {id_} has been on its way out for over 10 minutes" for id_ in session.exec(old)]


def _integrity(session: Session) -> Check:
    found = session.execute(text("PRAGMA integrity_check")).scalars().all()
    broken = session.execute(text("PRAGMA foreign_key_check")).all()
    well = list(found) == ["ok"] and not broken
    return Check(
        "I8 database", well, "sound" if well else "; ".join([*map(str, found), *map(str, broken)])[:300]
    )
