"""What DNS says of a domain: its texts and its mail servers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dns.resolver import Resolver

PATIENCE = 5.0
"""Seconds for one question, with its repeats."""


class NoAnswerError(Exception):
    """DNS could not be asked; the message says what to look at."""


class Names:
    """DNS, by the system's servers or by one of ours (`address:port`)."""

    def __init__(self, server: str = "") -> None:
        self._server = server

    def texts(self, name: str) -> Sequence[str]:
        """The TXT records of a name, each with its parts put together; none where there is no such
        name. Raises `NoAnswerError`."""
        found = self._ask(name, "TXT")
        return [b"".join(one.strings).decode("utf-8", "replace") for one in found]

    def mail_hosts(self, name: str) -> Sequence[str]:
        """The mail servers of a domain, the preferred first. Raises `NoAnswerError`."""
        found = sorted(self._ask(name, "MX"), key=lambda one: one.preference)
        return [str(one.exchange).rstrip(".") for one in found]

    def _ask(self, name: str, kind: str) -> Sequence[Any]:
        # Loaded by who asks DNS: it would be a good part of every start.
        import dns.exception
        import dns.resolver

        try:
            return list(self._resolver().resolve(name, kind, search=False, lifetime=PATIENCE))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            words = f"DNS did not answer for {name}: {error}. Check the network, or [outreach] resolver."
            raise NoAnswerError(words) from error

    def _resolver(self) -> Resolver:
        from dns.resolver import Resolver

        if not self._server:
            return Resolver()
        host, _, port = self._server.rpartition(":")
        chosen = Resolver(configure=False)
        chosen.nameservers, chosen.port = [host or self._server], int(port) if host else 53
        return chosen
