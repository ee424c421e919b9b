"""Delivery reports: which address failed, for how long, and which of our mails it was.

First the standard form (RFC 3464), then flufl.bounce for the many that are not, then a few marks
of our own. Enhanced status codes are those of RFC 3463.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from email.message import Message
from typing import Literal

from flufl.bounce import all_failures

from prospector.mail import read

# It logs a traceback for each mail that one of its detectors cannot read; we count such a mail as none.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)

_ROBOT = re.compile(
    r"mailer-?daemon|mdaemon|postmaster.*|mail-?delivery\S*|bounces?|ndr|microsoftexchange\w*"
    r"|.*mail delivery (?:sub)?system.*",
    re.I,
)
_SUBJECT = re.compile(
    r"(?:undeliver|non-?delivery|permanent delivery failure|delivery status notification|"
    r"(?:mail )?delivery (?:has )?(?:fail|report|error|problem)|"
    r"mail (?:delivery (?:failed|warning)|system error|could not be delivered)|returned mail|failure notice|"
    r"automatically rejected mail|"
    r"message (?:not delivered|could not be delivered)|warning: (?:message|could not send)|"
    r"unzustellbar|nicht zustellbar|non remis|échec de la remise|no se puede entregar|non recapitabile|"
    r"niet bestelbaar|não (?:entregue|é possível entregar)|nie można dostarczyć|delayed: |verzögert)",
    re.I,
)
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_FAILED_STATUS = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.])([45])\d\d(?![\d.])")
_FULL = re.compile(
    r"\b(?:over)?quota\b|mail ?(?:box|folder) (?:is )?full|insufficient (?:system )?storage|(?<!\d)552(?!\d)",
    re.I,
)
_POLICY = re.compile(
    r"\bspam\b|block(?:ed|list)|blacklist|policy|reputation|dmarc|\bspf\b|\bdkim\b"
    r"|unable to relay|relay(?:ing)? (?:access )?denied|not accepting mail from",
    re.I,
)
_PASSES = re.compile(r"too many hops|mail loop|host\s+not\s+found,\s+try\s+again", re.I)
_NO_DOMAIN = re.compile(
    r"(?:host|domain|name)(?: or domain name)? (?:not found|does not exist|lookup failure)|nxdomain"
    r"|no such (?:host|domain)|unrouteable",
    re.I,
)
_NOBODY = re.compile(
    r"user unknown|unknown user|no such (?:user|recipient|person)|does(?: not|n't) exist|no mailbox"
    r"|recipient (?:address )?(?:rejected|not found)|mailbox (?:unavailable|not found)|invalid recipient"
    r"|unknown (?:recipient|address)|not listed in|no longer (?:employed|works|valid)"
    r"|account .{0,20}disabled",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report says of one recipient: `status` is the enhanced code, as "5.1.1"."""

    kind: Literal["bounce", "delayed", "delivered"]
    recipient: str | None
    message_id: str | None
    status: str
    diagnostic: str

    @property
    def hard(self) -> bool:
        """Whether the address will never work. A full mailbox, policy and time are not of this kind."""
        return self.kind == "bounce" and is_hard(self.status, self.diagnostic)


def is_hard(status: str, diagnostic: str = "") -> bool:
    """5.1.x, 5.0.0 and their like: a disabled mailbox (5.2.1), a domain that does not exist."""
    if not status.startswith("5."):
        return False
    if status == "5.0.0":
        passes = any(one.search(diagnostic) for one in (_FULL, _POLICY, _PASSES))
        return not passes or bool(_NOBODY.search(diagnostic))
    if status.startswith("5.1.") or status == "5.2.1":
        return True
    if status.startswith("5.4."):
        return bool(_NO_DOMAIN.search(diagnostic) or _NOBODY.search(diagnostic))
    return status.startswith("5.3.") and bool(_NOBODY.search(diagnostic))


def bounce(message: Message) -> Bounce | None:
    """The report that this mail is, or None if it is none."""
    return _standard(message) or (_irregular(message) if _from_a_robot(message) else None)


# --- RFC 3464 -----------------------------------------------------------------------------------


def _standard(message: Message) -> Bounce | None:
    report = next((p for p in read.parts(message) if read.content_type(p) == "message/delivery-status"), None)
    blocks = read.children(report) if report is not None else []
    about = [found for block in blocks[:200] if (found := _recipient(block))]
    if not about:
        return None
    rank = ("bounce", "delayed", "delivered").index
    kind, recipient, status, diagnostic = min(about, key=lambda found: rank(found[0]))
    diagnostic = diagnostic or read.body(message)[:1000]  # which tells why where the status is just "failed"
    per_message = read.message_ids(read.raw_header(blocks[0], "Original-Message-ID"))
    ids = _returned_ids(message) or per_message or read.answered(message)
    return Bounce(kind, recipient, ids[0] if ids else None, status, diagnostic)


_Kind = Literal["bounce", "delayed", "delivered"]


def _recipient(block: Message) -> tuple[_Kind, str | None, str, str] | None:
    """One per-recipient block: what became of it, whose it was, the status and the other server's words."""
    # The address as we wrote it, where the report has it: a forward makes the final one a stranger's.
    final = _typed_address(block, "Original-Recipient") or _typed_address(block, "Final-Recipient")
    said = _STATUS.search(read.header(block, "Status"))
    action = (read.header(block, "Action").lower().split() or [""])[0]
    if not action and not said:
        return None
    diagnostic = read.header(block, "Diagnostic-Code")[:500]
    status = _most_exact(said.group() if said else "", diagnostic)
    return _kind(action, status), final or None, status, diagnostic


def _kind(action: str, status: str) -> _Kind:
    if action == "delayed" or (not action and status.startswith("4.")):
        return "delayed"
    if action in ("delivered", "relayed", "expanded") or (not action and status.startswith("2.")):
        return "delivered"
    return "bounce"


def _typed_address(block: Message, name: str) -> str:
    """`rfc822; someone@example.org` without its type; some write no type, some add angle brackets."""
    return read.address(read.header(block, name).rpartition(";")[2])


def _most_exact(status: str, diagnostic: str) -> str:
    """Exim and others say 5.0.0 for all; then the code within the other server's own words counts."""
    within = _STATUS.search(diagnostic)
    if within and (not status or (status.endswith(".0.0") and within.group()[0] == status[0])):
        return within.group()
    code = _REPLY_CODE.search(diagnostic)
    return status or (f"{code.group(1)}.0.0" if code else "5.0.0")


def _returned_ids(message: Message) -> tuple[str, ...]:
    """The Message-ID of the mail that came back, whole (message/rfc822) or its headers alone."""
    for part in read.parts(message):
        kind = read.content_type(part)
        if kind in ("message/rfc822", "message/global"):
            original = next(iter(read.children(part)), None)
        elif kind in ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"):
            original = read.parse(read.words_of(part).encode("utf-8", "replace"))
        else:
            original = None
        if original is not None and (ids := read.message_ids(read.raw_header(original, "Message-ID"))):
            return ids
    return ()


# --- All others ---------------------------------------------------------------------------------


def _from_a_robot(message: Message) -> bool:
    """Whether a mail server, not a person, seems to have written it.

    People forward and quote bounces; so words alone, or a subject after "Re:", prove nothing.
    """
    name, address = read.sender(message)
    local = address.partition("@")[0]
    if _ROBOT.fullmatch(local) or _ROBOT.fullmatch(name) or read.header(message, "X-Failed-Recipients"):
        return True
    if read.report_type(message) == "delivery-status":
        return True
    silent = read.raw_header(message, "Return-Path") == "<>" or not local
    subject = bool(_SUBJECT.match(read.header(message, "Subject")))
    return subject and (silent or read.report_type(message) != "" or not read.answered(message))


def _irregular(message: Message) -> Bounce | None:
    """A report in no standard form: its recipient by flufl.bounce, else by what the text says."""
    text = read.body(message)
    temporary, permanent = _detected(message)
    failed = read.address(read.raw_header(message, "X-Failed-Recipients").split(",")[0])
    named = failed or (sorted(permanent) + sorted(temporary) + [""])[0] or _first_address(message, text)
    marked = _SUBJECT.match(read.header(message, "Subject")) or failed or temporary or permanent
    returned = _returned_ids(message)
    if not marked or not (named or returned):  # the mail that came back tells whose it was, too
        return None
    status = _status_in(text)
    delayed = not failed and not permanent and (bool(temporary) or status.startswith("4."))
    ids = returned or _ids_in(text) or read.answered(message)
    kind: _Kind = "delayed" if delayed else "bounce"
    return Bounce(kind, named or None, ids[0] if ids else None, status, text[:500])


def _detected(message: Message) -> tuple[list[str], list[str]]:
    """The temporary and the permanent failures that flufl.bounce finds; none where it stumbles."""
    try:
        found = all_failures(message)
    except Exception:  # its detectors raise what they happen to, and a mail must not stop an inbox
        return [], []
    temporary, permanent = ([a for item in group if (a := read.address(_as_text(item)))] for group in found)
    return temporary, permanent


def _as_text(item: bytes | str) -> str:
    return item.decode("utf-8", "replace") if isinstance(item, bytes) else item


def _first_address(message: Message, text: str) -> str:
    """The first address in the text that is neither the robot's nor ours."""
    known = {read.sender(message)[1], read.mailbox(read.raw_header(message, "To"))[1]}
    return next((found for found in read.addresses_in(text) if found not in known), "")


def _status_in(text: str) -> str:
    if found := _FAILED_STATUS.search(text):
        return found.group()
    if _PASSES.search(text):
        return "4.4.6"
    if _NOBODY.search(text) or _NO_DOMAIN.search(text):
        return "5.1.0"
    if _FULL.search(text):
        return "5.2.2"
    code = _REPLY_CODE.search(text)
    return f"{code.group(1)}.0.0" if code else "5.0.0"


def _ids_in(text: str) -> tuple[str, ...]:
    """The Message-ID among headers that were pasted into the text."""
    found = re.search(r"^[> ]{0,4}Message-ID:[ \t]{0,4}(?:\n[ \t])?(<[^<>\s]{1,250}>)", text, re.I | re.M)
    return (found.group(1),) if found else ()
