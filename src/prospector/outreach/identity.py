"""Who we are and by what right we write: what a campaign has to say before anything of it may leave.

CAN-SPAM asks for a postal address, a true sender and a working way out (15 U.S.C. 7704(a)(1), (3), (5));
GDPR for the basis and for the source of each address (Art. 5(2), 6(1)(f), 14(2)(f)).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from prospector.config import AccountSettings, Settings
from prospector.models import Account, Campaign, Prospect, Recipient
from prospector.outreach.closing import HOW_ADDED
from prospector.outreach.states import ABOUT_TO

EXAMPLES = 3
SENDER = "[sender] in config.toml"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that stands between a campaign and its start: which, in words, and where to mend it."""

    field: str
    message: str
    where: str


def missing(session: Session, settings: Settings, campaign: Campaign) -> list[Missing]:
    """All that is not there yet of identity and law; empty where a campaign may start."""
    return [
        *_sender(settings),
        *_ways_back(session, settings, campaign),
        *_basis(campaign),
        *_sources(session, campaign),
    ]


def addresses(settings: Settings) -> frozenset[str]:
    """The addresses of ours whose mail is read, in lower case."""
    return frozenset(filter(None, (_address(account) for account in settings.accounts.values())))


def _sender(settings: Settings) -> Iterator[Missing]:
    sender = settings.file.sender
    if not sender.legal.strip():
        yield Missing("legal_name", f"say who writes: set legal_name under {SENDER}", SENDER)
    if not sender.postal_address.strip():
        text = f"every mail names a postal address: set postal_address under {SENDER}"
        yield Missing("postal_address", text, SENDER)


def _ways_back(session: Session, settings: Settings, campaign: Campaign) -> Iterator[Missing]:
    place, ours = f"/m/{campaign.id}", addresses(settings)
    if campaign.reply_to and campaign.reply_to.lower() not in ours:
        text = (
            f"answers would go to {campaign.reply_to}, which nobody here reads; choose one of our mailboxes"
        )
        yield Missing("reply_to", text, place)
    names = session.exec(select(Account.name).where(col(Account.id).in_(campaign.account_ids))).all()
    unread = [name for name in names if not _is_read(settings, name)]
    if unread and not campaign.reply_to:
        text = f"answers to {', '.join(unread)} are not read; choose a mailbox of ours for them"
        yield Missing("reply_to", text, place)
    if not settings.file.outreach.public_url and (unread or not names):
        text = "nobody could unsubscribe: choose mailboxes that are read, or set public_url under [outreach]"
        yield Missing("unsubscribe", text, place)


def _basis(campaign: Campaign) -> Iterator[Missing]:
    if not campaign.basis.strip():
        text = "say in a sentence by what right we write: the interest of both sides, or their consent"
        yield Missing("basis", text, f"/m/{campaign.id}")


def _sources(session: Session, campaign: Campaign) -> Iterator[Missing]:
    """Everybody without a source of their own has the campaign's, where it has one."""
    if campaign.source.strip():
        return
    chosen = _without_source(campaign)
    count = session.exec(select(func.count()).select_from(Recipient).join(Prospect).where(*chosen)).one()
    if not count:
        return
    some = select(Prospect.name).join(Recipient).where(*chosen).order_by(col(Recipient.id)).limit(EXAMPLES)
    names = ", ".join(session.exec(some))
    more = f" and {count - EXAMPLES:,} more" if count > EXAMPLES else ""
    text = (
        f"it is not noted where we have the address of {names}{more}; note it with them, or for the campaign"
    )
    yield Missing("source", text, f"/m/{campaign.id}/people")


def _without_source(campaign: Campaign) -> list[ColumnElement[bool]]:
    noted = func.trim(func.coalesce(col(Prospect.source), ""))
    return [
        col(Recipient.campaign_id) == campaign.id,
        col(Recipient.prospect_id) == col(Prospect.id),
        col(Recipient.state).in_(ABOUT_TO),
        noted.in_(sorted(HOW_ADDED)),
    ]


def _is_read(settings: Settings, name: str) -> bool:
    """Whether somebody looks at what comes in there."""
    account = settings.accounts.get(name)
    return account is not None and account.connector.can.interactions.itself


def _address(account: AccountSettings) -> str | None:
    """The address of an account whose inbox we look at."""
    address = getattr(account.settings, "address", None)
    return str(address).lower() if address and account.connector.can.interactions.itself else None
