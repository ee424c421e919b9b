"""What every cold mail is closed with when it is drafted: its footer and its token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from prospector.config import Outreach, Sender
from prospector.outreach import one_click
from prospector.outreach.footer import footer

HOW_ADDED = frozenset({"", "added by hand", "added over the API"})
"""Notes of our own on how a row came about: they tell nobody where the address is from."""


class Answered(Protocol):
    """What a message answers or follows up: by whom it is ("us", "them"), and on which channel."""

    by: str
    channel: str


@dataclass(frozen=True, slots=True)
class Closing:
    """What a message keeps beside its body; empty and None for what is no cold mail."""

    footer: str = ""
    token: str | None = None


def is_cold(action: str, answered: Answered | None) -> bool:
    """Whether a message is a mail that answers no mail of theirs: law and footer are about these."""
    answers_mail = answered is not None and answered.by == "them" and answered.channel == "email"
    return action == "email" and not answers_mail


def closing_of(
    sender: Sender,
    outreach: Outreach,
    *,
    mailbox: str,
    language: str,
    first: bool,
    source: str,
    basis: str,
    token: str | None = None,
) -> Closing:
    """The footer and the token of a cold mail. `mailbox` is an address of ours that is read, `first`
    whether they have had no mail of ours yet, `source` what `source_of` gives, `token` that of a mail
    which has one."""
    token = token or one_click.new_token()
    text = footer(
        sender,
        language=language,
        source=source,
        first=first,
        token=token,
        public_url=outreach.public_url,
        mailbox=mailbox,
        basis=basis,
    )
    return Closing(text, token)


def source_of(noted: str | None, of_the_campaign: str = "") -> str:
    """Where a person's address is from: as it was noted with them, else as the campaign says of all;
    empty where neither says it."""
    own = (noted or "").strip()
    return own if own not in HOW_ADDED else of_the_campaign.strip()
