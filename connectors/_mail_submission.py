"""Hand one mail to a submission server, and know afterwards whether it was taken (RFC 5321, RFC 6409).

Runs in a thread. Until DATA every failure means that nothing was sent; after the final dot only
the server's own answer tells, and without one nobody knows.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from prospector.sdk import ConnectorError, Later, NotSent, Refused, Unauthorised

RATE_LIMITED = 3600.0
AFTER_MARK = frozenset({"DATA", "the end of the mail"})


@dataclass(frozen=True, slots=True)
class Route:
    """A server and how to speak to it: `tls` is implicit, starttls or none; times in seconds.

    The answer to the final dot may take ten minutes (RFC 5321, 4.5.3.2.6).
    """

    host: str
    port: int
    tls: str
    user: str
    password: str = field(repr=False)
    ca: str | None = None
    timeout: float = 60.0
    final_timeout: float = 600.0


def submit(route: Route, sender: str, recipient: str, mail: bytes, mark: Callable[[], None]) -> str:
    """Send `mail`; answers with the server's words that accept it.

    Calls `mark` right before DATA. Raises `NotSent`, `Later`, `Refused` and `Unauthorised` where
    the mail was surely not taken, and a plain `ConnectorError` where nobody can know.
    """
    with contextlib.ExitStack() as stack:
        client = _connect(route, sender)
        stack.callback(client.close)
        with _nothing_said("logging in"):
            _log_in(client, route)
        with _nothing_said("MAIL and RCPT"):
            size = [f"SIZE={len(mail)}"] if client.has_extn("size") else []
            _expect("MAIL", *client.mail(sender, size))
            _expect("RCPT", *client.rcpt(recipient))
        mark()
        with _nothing_said("DATA"):
            _expect("DATA", *client.docmd("DATA"), good=3)
        reply = _deliver(client, mail, route.final_timeout)
        with contextlib.suppress(smtplib.SMTPException, OSError):
            _quit(client)
        return reply


def check(route: Route, sender: str) -> None:
    """Log in and leave: proves that the server takes our credentials."""
    client = _connect(route, sender)
    try:
        with _nothing_said("logging in"):
            _log_in(client, route)
    finally:
        client.close()


def _connect(route: Route, sender: str) -> smtplib.SMTP:
    """A greeted connection. Our name in EHLO is the sender's domain: looking up the host's may take long."""
    name = sender.rpartition("@")[2]
    with _nothing_said(f"connecting to {route.host}:{route.port}"):
        if route.tls == "implicit":
            return smtplib.SMTP_SSL(
                route.host, route.port, name, timeout=route.timeout, context=trusted(route.ca)
            )
        return smtplib.SMTP(route.host, route.port, name, timeout=route.timeout)


def trusted(ca: str | None) -> ssl.SSLContext:
    """TLS that checks names and certificates, against `ca` too where the account names a file."""
    context = ssl.create_default_context()
    try:
        if ca is not None:
            context.load_verify_locations(ca)
    except OSError as error:
        raise Unauthorised(f"The certificate file {ca!r} cannot be read ({error}); correct `ca`.") from error
    return context


def _log_in(client: smtplib.SMTP, route: Route) -> None:
    _expect("EHLO", *client.ehlo())
    if route.tls == "starttls":
        # A server, or somebody between us and it, that does not offer it must not get the password.
        if not client.has_extn("starttls"):
            raise Unauthorised(
                f"{route.host}:{route.port} offers no STARTTLS, so nothing was said to it. "
                'If it speaks TLS from the start, set smtp_tls = "implicit".'
            )
        _expect("STARTTLS", *client.starttls(context=trusted(route.ca)))
        _expect("EHLO", *client.ehlo())
    if route.user:
        client.login(route.user, route.password)


def _deliver(client: smtplib.SMTP, mail: bytes, timeout: float) -> str:
    """The mail and its final dot, and the answer. Once the dot may be out, silence means "unknown"."""
    try:
        if client.sock is not None:
            client.sock.settimeout(timeout)
        client.send(_dotted(mail))
        code, text = client.getreply()
    except (smtplib.SMTPException, OSError) as error:
        raise ConnectorError(f"The connection broke while the mail was on its way: {error}.") from error
    words = _words(code, text)
    if code // 100 == 2:
        return words
    if code // 100 in (4, 5):
        raise refusal("the end of the mail", code, words)
    raise ConnectorError(f"The server's answer to the mail makes no sense: {words}.")


def _dotted(mail: bytes) -> bytes:
    """With CR LF ends, leading dots doubled, and the final dot (RFC 5321, 4.5.2)."""
    lines = mail.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"


def _quit(client: smtplib.SMTP) -> None:
    if client.sock is not None:
        client.sock.settimeout(5)
    client.quit()


def _expect(verb: str, code: int, text: bytes, good: int = 2) -> None:
    if code // 100 != good:
        raise refusal(verb, code, _words(code, text))


def _words(code: int, text: bytes) -> str:
    return f"{code} {' '.join(text.decode('utf-8', 'replace').split())}"[:500]


def refusal(verb: str, code: int, words: str) -> ConnectorError:
    """What a server's "no" asks of us, by its code (RFC 5321, 4.2; RFC 4954 for AUTH)."""
    said = f"The mail server said at {verb}: {words}"
    if code in (530, 534, 535, 538):
        return Unauthorised(f"{said}. Renew the account's user and password.")
    if verb in AFTER_MARK and code // 100 == 4:
        # Not `Later`: only `NotSent` says that the server did not take what may be on its way.
        return NotSent(said)
    if code == 421 or (code // 100 == 4 and "4.7.28" in words):
        return Later(f"{said}. It is busy, or we send too fast.", RATE_LIMITED)
    if code // 100 != 5:
        return NotSent(said)
    if verb in ("MAIL", "RCPT", "DATA", "the end of the mail"):
        return Refused(said)
    return Unauthorised(f"{said}. It does not serve us; check smtp_host, smtp_port and smtp_tls.")


@contextlib.contextmanager
def _nothing_said(where: str) -> Iterator[None]:
    """Failures at a time when no word of the mail was said."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise Unauthorised(
            f"The mail server's certificate is not to be trusted ({error.verify_message}); "
            "check smtp_host, or name the authority's file in `ca`."
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Unauthorised(f"The mail server offers no login that we know: {error}.") from error
    except smtplib.SMTPAuthenticationError as error:
        code = error.smtp_code if error.smtp_code // 100 == 4 else 535
        raise refusal("AUTH", code, _words(error.smtp_code, _octets(error.smtp_error))) from error
    except smtplib.SMTPConnectError as error:
        raise refusal(
            "the greeting", error.smtp_code, _words(error.smtp_code, _octets(error.smtp_error))
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(f"The connection to the mail server failed at {where}: {error}.") from error


def _octets(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
