"""What the world is told of who may send for our domain, and what to publish where it is not enough.

SPF (RFC 7208), DMARC (RFC 7489) and MX from DNS, DKIM (RFC 6376) from a mail of ours that came back.
Gmail, Yahoo and Microsoft refuse much mail without them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from email.message import Message
from typing import Any, Literal

from prospector.outreach.domains import domain_of, registered

MOST_LOOKUPS = 10
"""DNS lookups that a receiver makes for one SPF record (RFC 7208, 4.6.4)."""
LOOKING = ("a", "mx", "ptr", "exists", "include", "redirect")
INCLUDES = {
    "smtp.gmail.com": "_spf.google.com",
    "smtp-relay.gmail.com": "_spf.google.com",
    "smtp.office365.com": "spf.protection.outlook.com",
}
RESERVED = ("example", "test", "invalid", "localhost", "local")
"""Ends of names that nobody can register (RFC 6761, RFC 6762)."""

Level = Literal["ok", "warn", "bad"]
Texts = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it stands, and what to do, empty where nothing is to be done."""

    check: str
    level: Level
    words: str
    advice: str = ""


def is_reserved(domain: str) -> bool:
    """Whether a domain is one for examples, of which DNS knows nothing."""
    labels = domain.lower().rstrip(".").split(".")
    return labels[-1] in RESERVED or labels[-2:] in (["example", "com"], ["example", "org"])


# --- SPF ----------------------------------------------------------------------------------------


def spf(domain: str, texts: Texts, host: str) -> Finding:
    """Who may send for a domain, as it says; `texts` gives the TXT records of a name, `host` is our
    submission server."""
    records = [text for text in texts(domain) if _is_spf(text)]
    wanted = f'publish at {domain} the TXT record "{_spf_wanted(host)}"'
    if not records:
        return Finding("SPF", "bad", f"{domain} does not say who may send for it", wanted)
    if len(records) > 1:
        words = f"{domain} has {len(records)} SPF records, and receivers take none of several"
        return Finding("SPF", "bad", words, "keep one, with the mechanisms of both")
    return _spf_record(domain, records[0], _lookups(records[0], texts, {domain}), host)


def _spf_record(domain: str, record: str, lookups: int, host: str) -> Finding:
    if lookups > MOST_LOOKUPS:
        words = f'"{record}" needs {lookups} lookups, and receivers make {MOST_LOOKUPS}'
        return Finding("SPF", "bad", words, "take out what no longer sends for you")
    terms = record.lower().split()
    elsewhere = any(term.startswith("redirect=") for term in terms)
    if {"+all", "all"} & set(terms):
        return Finding("SPF", "bad", f'"{record}" lets everybody send for {domain}', "end it with ~all")
    if not {"-all", "~all"} & set(terms) and not elsewhere:
        return Finding("SPF", "warn", f'"{record}" says nothing of all others', "end it with ~all")
    included = INCLUDES.get(host.lower())
    if included is not None and included not in record.lower() and not elsewhere:
        return Finding("SPF", "warn", f'"{record}" does not name {host}', f"add include:{included}")
    return Finding("SPF", "ok", f'"{record}"')


def _is_spf(text: str) -> bool:
    return re.match(r"v=spf1(?:\s|\Z)", text, re.IGNORECASE) is not None


def _spf_wanted(host: str) -> str:
    included = INCLUDES.get(host.lower())
    return f"v=spf1 include:{included} ~all" if included else "v=spf1 mx ~all"


def _lookups(record: str, texts: Texts, seen: set[str]) -> int:
    """How many lookups a record costs, with those of what it includes; it stops past the limit."""
    total = 0
    for term in record.lower().split()[1:]:
        name, _, rest = term.lstrip("+-~?").replace("=", ":", 1).partition(":")
        if name.partition("/")[0] not in LOOKING:
            continue
        total += 1
        if name in ("include", "redirect") and rest not in seen and total <= MOST_LOOKUPS:
            seen.add(rest)
            inner = next((text for text in texts(rest) if _is_spf(text)), "")
            total += _lookups(inner, texts, seen) if inner else 0
    return total


# --- DMARC and MX -------------------------------------------------------------------------------


def dmarc(domain: str, texts: Texts) -> Finding:
    """What receivers shall do with mail that only pretends to be from a domain."""
    place, record = _policy(domain, texts)
    if record is None:
        advice = f'publish at _dmarc.{registered(domain)} the TXT record "v=DMARC1; p=none"'
        return Finding("DMARC", "bad", f"{domain} has no DMARC policy", advice)
    tags = _tags(record)
    policy = tags.get("sp", tags.get("p", "")) if place != domain else tags.get("p", "")
    if policy not in ("none", "quarantine", "reject"):
        words = f'"{record}" at _dmarc.{place} has no valid policy'
        return Finding("DMARC", "bad", words, "write p=none, p=quarantine or p=reject")
    words = f"p={policy} at _dmarc.{place}, alignment {'strict' if tags.get('adkim') == 's' else 'relaxed'}"
    if policy == "none" and "rua" not in tags:
        advice = "add rua=mailto:… to be told who sends in your name; later raise it to p=quarantine"
        return Finding("DMARC", "ok", words, advice)
    return Finding("DMARC", "ok", words)


def _policy(domain: str, texts: Texts) -> tuple[str, str | None]:
    """The policy of a domain or of the nearest one above it, and where it stands."""
    labels = domain.split(".")
    for start in range(max(1, len(labels) - 1)):
        place = ".".join(labels[start:])
        found = [text for text in texts(f"_dmarc.{place}") if re.match(r"v=DMARC1\s*(?:;|\Z)", text)]
        if len(found) == 1:
            return place, found[0]
    return domain, None


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";") if "=" in part)
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs}


def mx(domain: str, hosts: Sequence[str]) -> Finding:
    """Whether answers can reach us."""
    if not hosts:
        return Finding(
            "MX", "bad", f"{domain} has no mail server, so no answer arrives", "publish an MX record"
        )
    if any(host in (".", "") for host in hosts):
        words = f"{domain} says that it takes no mail (RFC 7505), so no answer arrives"
        return Finding("MX", "bad", words, "write from an address that takes answers")
    return Finding("MX", "ok", ", ".join(hosts[:3]))


# --- DKIM, from a mail that came back -----------------------------------------------------------

MUST_BE_SIGNED = (
    *("from", "subject", "to", "date", "message-id"),
    *("list-unsubscribe", "list-unsubscribe-post"),
)
"""What a signature must cover: with the last two, one-click unsubscribing counts (RFC 8058, 4)."""


def dkim(domain: str, signatures: Sequence[str]) -> Finding:
    """Whether a mail of ours is signed by its own domain, and the headers that matter with it;
    `signatures` are the values of its DKIM-Signature headers."""
    if not signatures:
        words = "our mail comes back without a DKIM signature"
        return Finding("DKIM", "bad", words, "turn on DKIM where the mailbox is hosted, and publish its key")
    signed = [_tags(" ".join(value.split())) for value in signatures]
    aligned = [tags for tags in signed if registered(tags.get("d", "")) == registered(domain)]
    if not aligned:
        others = ", ".join(sorted({tags.get("d", "nobody") for tags in signed}))
        words = f"our mail is signed by {others}, not by {domain}, so DMARC does not count it"
        return Finding("DKIM", "bad", words, f"let your provider sign with d={domain}")
    missing = min((_unsigned(tags) for tags in aligned), key=len)
    if missing:
        words = f"the signature leaves out {', '.join(missing)}"
        advice = "ask your provider to sign them: without, one-click unsubscribing does not count"
        return Finding("DKIM", "warn", words, advice)
    return Finding("DKIM", "ok", f"signed by {aligned[0]['d']}, with all headers that matter")


def _unsigned(tags: dict[str, str]) -> list[str]:
    covered = {name.strip() for name in tags.get("h", "").split(":")}
    return [name for name in MUST_BE_SIGNED if name not in covered]


def results(said: Sequence[str], authserv: str) -> Finding:
    """What our own server found (RFC 8601): only what stands under its name is believed."""
    ours = [one for one in said if authserv and re.match(rf"{re.escape(authserv)}(?:\s|;)", one, re.I)]
    if not ours:
        words = "our server says nothing of SPF, DKIM and DMARC"
        advice = "set authserv to the name that it writes into Authentication-Results"
        return Finding("results", "warn", words, "" if authserv else advice)
    found = dict(re.findall(r"\b(spf|dkim|dmarc)\s?=\s?([a-z]{1,12})\b", ours[0].lower()))
    words = ", ".join(f"{name} {outcome}" for name, outcome in sorted(found.items())) or "nothing"
    passed = found.get("dmarc") == "pass" or ("dmarc" not in found and found.get("dkim") == "pass")
    return Finding("results", "ok" if passed else "warn", f"{authserv} says: {words}")


# --- Together, and how it is kept ---------------------------------------------------------------


def published(address: str, host: str, texts: Texts, mail_hosts: Texts) -> list[Finding]:
    """What DNS says of the domain of a mailbox; `host` is its submission server."""
    domain = domain_of(address)
    return [spf(domain, texts, host), dmarc(domain, texts), mx(domain, mail_hosts(domain))]


def returned(address: str, mail: Message, authserv: str) -> list[Finding]:
    """What a mail to ourselves says that came back."""
    signatures = [str(value) for value in mail.get_all("DKIM-Signature", [])]
    said = [" ".join(str(value).split()) for value in mail.get_all("Authentication-Results", [])]
    return [dkim(domain_of(address), signatures), results(said, authserv)]


def kept(
    before: Mapping[str, Any], source: str, findings: Sequence[Finding], now: datetime
) -> dict[str, Any]:
    """What `account.authentication` holds: by source (`dns`, `mail`) the findings and when it was."""
    return {**before, source: {"at": now.isoformat(), "findings": [asdict(one) for one in findings]}}


def findings_of(held: Mapping[str, Any]) -> list[Finding]:
    """The findings that are kept, of every source."""
    rows = [row for source in ("dns", "mail") for row in held.get(source, {}).get("findings", ())]
    return [Finding(**row) for row in rows]
