"""When a mailbox must stop sending, before those who receive its mail stop taking any (E18).

Bounces and complaints say that the list or the text is bad: a person must look. A server that refuses
for a while gets a rest that grows: one hour, four, twenty-four.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal["policy", "login", "rate"]

RECENT, MANY = 100, 1_000
"""Mails of which the bounces are counted, and of which the complaints."""
BOUNCE_RATE, FEWEST_BOUNCES = 0.03, 5
# Gmail and Yahoo ask for less than 0.1 % (their sender guidelines of 2024).
COMPLAINT_RATE, FEWEST_COMPLAINTS = 0.001, 2
POLICY_REJECTIONS, LOGINS_REFUSED, RATE_LIMITS = 2, 3, 1
BACK_OFF = (1, 4, 24)
"""Hours of the first, the second and each later break."""
CALM = timedelta(days=1)
"""Once a break is over so long, all is well again and the next counts as the first."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What has happened lately to one mailbox: `bounced` of `sent` (the last 100 at most),
    `complained` of `reached` (the last 1,000), and what servers said since the last break."""

    sent: int = 0
    bounced: int = 0
    reached: int = 0
    complained: int = 0
    policy: int = 0
    logins: int = 0
    rate: int = 0


@dataclass(frozen=True, slots=True)
class Trip:
    """Why the mailbox stops sending, and for how many hours; None: until a person lets it go on."""

    why: str
    hours: int | None


def judge(recent: Counts, times: int) -> Trip | None:
    """Whether to stop; `times` is how many breaks there were in a row. What waits for a person weighs
    more than what passes."""
    if recent.complained >= FEWEST_COMPLAINTS and recent.complained > COMPLAINT_RATE * recent.reached:
        words = f"{recent.complained} complaints of spam among the last {recent.reached} mails"
        return Trip(f"{words}. Look at whom you write to and what, before it goes on", None)
    if recent.bounced >= FEWEST_BOUNCES and recent.bounced > BOUNCE_RATE * recent.sent:
        words = f"{recent.bounced} of the last {recent.sent} mails bounced for good"
        return Trip(f"{words}. Check where the addresses are from, before it goes on", None)
    passing = _passing(recent)
    return Trip(passing, BACK_OFF[min(times, len(BACK_OFF) - 1)]) if passing else None


def _passing(recent: Counts) -> str | None:
    if recent.logins >= LOGINS_REFUSED:
        return f"the mail server refused our login {recent.logins} times. Renew its user and password"
    if recent.policy >= POLICY_REJECTIONS:
        return (
            f"{recent.policy} mails were refused by policy (5.7.x). "
            "See what `prospector doctor` says of SPF, DKIM and DMARC"
        )
    if recent.rate >= RATE_LIMITS:
        return "a server says that we send too fast (421 or 4.7.28)"
    return None


def kind_of(words: str, *, unauthorised: bool) -> Kind | None:
    """What sort of trouble a server's answer is (RFC 3463); None where it says nothing of the mailbox."""
    if unauthorised:
        return "login"
    if re.search(r"(?:^|: )421\b|\b4\.7\.28\b", words):
        return "rate"
    return "policy" if re.search(r"\b5\.7\.\d{1,3}\b", words) else None


def is_hard(words: str) -> bool:
    """Whether a refusal during the delivery says that there is no such address."""
    if re.search(r"\b5\.7\.\d{1,3}\b", words):
        return False
    return re.search(r"\b5\.1\.\d{1,3}\b|at RCPT: 55\d\b", words) is not None


def in_a_row(times: int, over_at: datetime | None, now: datetime) -> int:
    """How many breaks there were since all was well; `over_at` is when the last one ended."""
    return times if over_at is None or now - over_at < CALM else 0
