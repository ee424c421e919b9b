"""Real mail servers on loopback: Dovecot keeps the mailboxes, Postfix takes and delivers mail.

Nothing leaves the machine: a domain that is not ours bounces (5.1.2), `slow.test` is deferred for
ever (4.4.1), a recipient at `refused.test` or `busy.test` is turned away in the dialogue itself.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.live.processes import answers, free_ports, running

HERE = Path(__file__).parent / "mail"
POSTFIX_PROGRAMS = Path("/usr/lib/postfix/sbin")
US = "us@us.test"
PEOPLE = ("alice@prospect.test", "bob@prospect.test", "vacation@prospect.test", "full@prospect.test")
PASSWORD = "secret"
# Postfix's master changes its identity for a moment, and the kernel then forgets to tell it of our
# death. This shell does not, and passes the word on.
PASS_ON = """trap 'kill "$server"' TERM; "$@" & server=$!
while kill -0 "$server" 2>/dev/null; do wait "$server"; done"""


@dataclass(frozen=True, slots=True)
class MailServers:
    """Where the servers listen, on `localhost`; `certificate` is the PEM file to trust.

    `smtp` asks for no login, `submission` wants STARTTLS and a login, `smtps` speaks TLS at once.
    Every mailbox has the password `secret`.
    """

    host: str
    smtp: int
    submission: int
    smtps: int
    imap: int
    imaps: int
    certificate: Path

    def add_mailbox(self, *addresses: str) -> None:
        """Give each of these a mailbox of their own, empty; one that begins with "full" is full."""
        with (self.certificate.parent / "users").open("a") as users:
            users.writelines(map(_account, addresses))

    def change_uid_validity(self, address: str, validity: int) -> None:
        """Make all UIDs of an inbox worthless, as a restored backup or a moved mailbox does."""
        update = ["mailbox", "update", "-u", address, "--uid-validity", str(validity), "INBOX"]
        config = self.certificate.parent / "dovecot.conf"
        subprocess.run(["doveadm", "-c", config, *update], check=True, capture_output=True)


def _certificate(folder: Path) -> None:
    """A key and a certificate for localhost, signed by itself."""
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"]
    about = ["-subj", "/CN=localhost", "-addext", names]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run([*request, *about, *files], check=True, capture_output=True)


def _account(address: str) -> str:
    """One line of Dovecot's passwd-file; the fields between are uid, gid, home and shell."""
    quota = "userdb_quota_rule=*:bytes=1K" if address.startswith("full") else ""
    return f"{address}:{{PLAIN}}{PASSWORD}::::::{quota}\n"


def _fill(name: str, target: Path, values: Mapping[str, object]) -> None:
    """Write a configuration file from the template of that name; `$$` is a plain dollar."""
    target.write_text(Template((HERE / name).read_text()).substitute(values))


def _own(folder: Path, user: str, group: str) -> None:
    folder.mkdir()
    os.chown(folder, pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid)


def _configure_dovecot(folder: Path, values: Mapping[str, object]) -> Path:
    (folder / "users").write_text("".join(_account(address) for address in (US, *PEOPLE)))
    _own(folder / "mailboxes", "nobody", "nogroup")
    _own(folder / "sieve", "nobody", "nogroup")
    shutil.copy(HERE / "vacation.sieve", folder / "sieve" / "vacation@prospect.test.sieve")
    _fill("dovecot.conf", folder / "dovecot.conf", values)
    return folder / "dovecot.conf"


def _configure_postfix(folder: Path, values: Mapping[str, object]) -> Path:
    config = folder / "postfix"
    config.mkdir()
    (folder / "queue").mkdir()
    _own(folder / "postfix-data", "postfix", "postfix")
    for name in ("main.cf", "master.cf", "recipients", "transport"):
        _fill(name, config / name, values)
    subprocess.run(["/usr/sbin/postfix", "-c", config, "check"], check=True, capture_output=True)
    return config


@contextlib.contextmanager
def mail_servers(folder: Path) -> Iterator[MailServers]:
    """Start both in `folder`: absolute, new, below folders that others may enter. Needs root."""
    smtp, submission, smtps, imap, imaps = free_ports(5)
    servers = MailServers("localhost", smtp, submission, smtps, imap, imaps, folder / "certificate.pem")
    values = {"folder": folder, **{name: getattr(servers, name) for name in MailServers.__slots__}}
    _certificate(folder)
    dovecot: list[str | Path] = ["/usr/sbin/dovecot", "-F", "-c", _configure_dovecot(folder, values)]
    config = _configure_postfix(folder, values)
    # `-s` keeps the master in the foreground; `postfix start` would let go of it.
    master = [POSTFIX_PROGRAMS / "master", "-c", config, "-s"]
    postfix: list[str | Path] = ["sh", "-c", PASS_ON, "sh", *master]
    with (
        running(dovecot, log=folder / "dovecot.log", ready=lambda: answers(servers.imap)),
        running(postfix, log=folder / "postfix.log", ready=lambda: answers(servers.submission)),
    ):
        yield servers
