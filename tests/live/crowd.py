"""Five hundred people of a campaign, each with a way to take it: answer, bounce, complain, be away, say no.

`Crowd` is the spreadsheet that a founder brings, its faults included; `Neighbours` act on real mail servers
by plain SMTP, IMAP and HTTP, without our code.
"""

from __future__ import annotations

import csv
import email
import email.policy
import io
import re
import smtplib
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from tests.live.mail_person import MailPerson
from tests.live.mail_servers import MailServers
from tests.live.processes import until

PATIENCE = 60.0
HEADINGS = ("First name", "Last name", "E-mail", "Company", "Company domain", "Incident")
# How many of each kind; the rest of the five hundred is silent.
KINDS = {
    "answers": 40,
    "answers late": 15,
    "nobody there": 25,
    "full": 15,
    "slow": 10,
    "away": 20,
    "one click": 20,
    "by mailto": 20,
    "by words": 21,
    "complains": 6,
    "colleague": 3,
    "of who answers": 3,
    "no first name": 12,
    "said no before": 6,
    "no address": 4,
}
WHOLE = 500
NO = (
    "Please remove me from your list.",
    "Bitte nehmen Sie mich aus Ihrem Verteiler.",
    "Merci de me retirer de votre liste.",
    "Por favor, denme de baja.",
    "Vi prego di cancellarmi dalla lista.",
    "Graag uitschrijven.",
    "Por favor, remova-me da lista.",
)
FIRST = ("Anna", "Owen", "Noor", "Elif", "Grace", "Piotr", "Sofie", "Mateo", "Ines", "Jonas")
LAST = ("Novak", "Hughes", "Haddad", "Kaya", "Lim", "Maes", "Rossi", "Frei", "Weber", "Obi")
REPORT = """From: feedback@provider.test
To: {us}
Subject: Abuse report
Message-ID: <abuse-{number}@provider.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="cut"

--cut
Content-Type: text/plain

This is a report of abuse.
--cut
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Provider/1.0
Version: 1
Original-Rcpt-To: <{them}>

--cut
Content-Type: message/rfc822

{mail}
--cut--
"""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One row, and how this person takes what they get."""

    number: int
    kind: str
    first: str
    last: str
    address: str
    company: str
    domain: str

    @property
    def has_mailbox(self) -> bool:
        return self.kind not in ("nobody there", "slow", "no address")

    def row(self) -> tuple[str, ...]:
        first = ("", "n/a", "-")[self.number % 3] if self.kind == "no first name" else self.first
        # A name of its own kind of trouble: without a first name a last one says nothing of it.
        last = "" if self.kind == "no first name" else self.last
        return first, last, self.address, self.company, self.domain, f"the outage of week {self.number}"


def crowd() -> list[Neighbour]:
    """Everybody, in the order of the file: kinds are spread over it, as they are in life."""
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    kinds += ["silent"] * (WHOLE - len(kinds))
    spread = sorted(range(WHOLE), key=lambda place: (place * 389) % WHOLE)
    people = [_neighbour(number, kind) for number, kind in zip(spread, kinds, strict=True)]
    return sorted(people, key=lambda one: one.number)


def _neighbour(number: int, kind: str) -> Neighbour:
    first, last = FIRST[number % 10], LAST[number // 10 % 10]
    host = {"slow": "slow.test"}.get(kind, "prospect.test")
    local = f"full{number}" if kind == "full" else f"{first}.{last}{number}".lower()
    address = "nowhere" if kind == "no address" else f"{local}@{host}"
    return Neighbour(number, kind, first, last, address, f"Firm {number}", f"firm{number}.example")


def paired(people: list[Neighbour]) -> list[Neighbour]:
    """The same with each colleague at the company of one who answers."""
    hosts = iter([one for one in people if one.kind == "of who answers"])

    def moved(one: Neighbour) -> Neighbour:
        if one.kind != "colleague":
            return one
        host = next(hosts)
        return Neighbour(one.number, one.kind, one.first, one.last, one.address, host.company, host.domain)

    return [moved(one) for one in people]


def spreadsheet(people: list[Neighbour]) -> bytes:
    """The file as a spreadsheet program of this country writes it, one row twice."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(HEADINGS)
    writer.writerows(one.row() for one in [*people, people[0]])
    return out.getvalue().encode("cp1252")


@dataclass
class Neighbours:
    """Everybody at their mailboxes. `page` is where our web app listens, `host` its public name."""

    servers: MailServers
    us: str
    page: str
    host: str
    people: list[Neighbour]
    done: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[Neighbour]:
        return [one for one in self.people if one.kind == kind]

    def mails(self, one: Neighbour) -> list[EmailMessage]:
        """What lies in their mailbox, read from the disk."""
        local, _, domain = one.address.partition("@")
        box = self.servers.certificate.parent / "mailboxes" / domain / local / "Maildir"
        files = sorted(
            file for part in ("new", "cur") if (box / part).is_dir() for file in (box / part).iterdir()
        )
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]

    def arrived(self, one: Neighbour, number: int) -> EmailMessage:
        """Their mail of this number, as soon as it is there."""
        found = until(
            lambda: (mails := self.mails(one))[number - 1 : number] and mails,
            PATIENCE,
            f"mail {number} to {one.address}",
        )
        ours = sorted(found, key=lambda mail: bool(mail["In-Reply-To"]))
        return ours[number - 1]

    # --- what they do ---------------------------------------------------------------------------

    def answer(self, one: Neighbour, number: int = 1) -> None:
        self._person(one).reply(self.arrived(one, number), "Thank you, let us talk on Tuesday.")

    def be_away(self, one: Neighbour, until_day: date) -> None:
        mail = self.arrived(one, 1)
        words = f"I am out of the office and will be back on {until_day:%d %B %Y}."
        self._person(one).send(
            self.us,
            f"Automatic reply: {mail['Subject']}",
            words,
            Auto_Submitted="auto-replied",
            In_Reply_To=mail["Message-ID"],
            References=mail["Message-ID"],
        )

    def say_no(self, one: Neighbour, words: str) -> None:
        self._person(one).reply(self.arrived(one, 1), words)

    def click(self, one: Neighbour) -> None:
        """What a mail program does for "unsubscribe" (RFC 8058): a POST without anything else."""
        mail = self.arrived(one, 1)
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        url = next(one for one in _links(mail) if one.startswith("https://"))
        assert urlsplit(url).hostname == self.host
        request = urllib.request.Request(self.page + urlsplit(url).path, b"List-Unsubscribe=One-Click")
        request.add_header("Host", self.host)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert answer.status == 200

    def write_to_mailto(self, one: Neighbour) -> None:
        link = urlsplit(next(one for one in _links(self.arrived(one, 1)) if one.startswith("mailto:")))
        subject = parse_qs(link.query)["subject"][0]
        self._person(one).send(unquote(link.path), subject, "")

    def complain(self, one: Neighbour) -> None:
        mail = self.arrived(one, 1).as_string()
        report = REPORT.format(us=self.us, them=one.address, number=one.number, mail=mail)
        with smtplib.SMTP(self.servers.host, self.servers.smtp) as smtp:
            smtp.sendmail("", [self.us], report.replace("\n", "\r\n").encode())

    def _person(self, one: Neighbour) -> MailPerson:
        return MailPerson(self.servers, one.address)


def _links(mail: EmailMessage) -> Iterator[str]:
    return iter(re.findall(r"<([^<>]+)>", str(mail["List-Unsubscribe"])))
