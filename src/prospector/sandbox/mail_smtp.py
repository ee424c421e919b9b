"""The sandbox's submission server: aiosmtpd over a `MailWorld`, with faults at each verb."""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from prospector.sandbox.mail import MailWorld

# aiosmtpd warns of its own deprecated attribute at each login.
logging.getLogger("mail.log").setLevel(logging.ERROR)


class Submission(SMTP):
    """One connection. It has `STARTTLS` where it was given a certificate, and AUTH always."""

    def __init__(self, world: MailWorld, loop: asyncio.AbstractEventLoop, tls: ssl.SSLContext | None) -> None:
        super().__init__(
            self,
            hostname="sandbox.test",
            tls_context=tls,
            loop=loop,
            authenticator=self._authenticate_user,
            auth_require_tls=False,
        )
        self._world = world
        self._greeted = self._dropped = False

    def _authenticate_user(
        self, _server: Any, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
    ) -> AuthResult:
        known = isinstance(given, LoginPassword) and self._world.login(
            given.login.decode("utf-8", "replace"), given.password.decode("utf-8", "replace")
        )
        return AuthResult(success=bool(known), handled=False)

    async def push(self, status: Any) -> None:
        """Say something, unless a fault at the greeting or after the 354 prevents it."""
        if not self._greeted:
            self._greeted = True
            if await self._fails("CONNECT"):
                return
        if self._dropped:
            return
        await super().push(status)
        if str(status).startswith("354") and self._world.fault("BODY"):
            self._drop()

    async def _fails(self, verb: str) -> bool:
        """Whether a fault at this verb took the place of doing it."""
        fault = self._world.fault(verb)
        if fault is None:
            return False
        await self._strike(fault.answer)
        return True

    async def _strike(self, answer: str) -> None:
        if not answer:
            self._drop()
        for line in answer.splitlines():
            await super().push(line)

    def _drop(self) -> None:
        self._dropped = True
        if self.transport is not None:
            self.transport.close()

    async def handle_exception(self, error: Exception) -> str:
        """The client broke off, in the midst of TLS for example."""
        return f"421 4.3.0 {type(error).__name__}"

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._fails("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if not await self._fails("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        if not await self._fails("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        if not await self._fails("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        if not await self._fails("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if not await self._fails("DATA"):
            await super().smtp_DATA(arg)

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:
        """The final dot has come. A fault that strikes afterwards loses the answer, not the mail."""
        fault = self._world.fault("DOT")
        if fault is not None and not fault.after:
            if not fault.answer:
                self._drop()
            return fault.answer
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode()
        self._world.accept(str(envelope.mail_from), list(envelope.rcpt_tos), raw)
        if fault is None:
            return "250 2.0.0 accepted"
        if not fault.answer:
            self._drop()
        return fault.answer
