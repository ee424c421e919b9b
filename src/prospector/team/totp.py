"""The second factor: codes of six digits from an app (RFC 6238), each good for one sign-in."""

from __future__ import annotations

import io
import re
from datetime import datetime

import pyotp
import segno
from sqlmodel import Session, col, update

from prospector.models import User

STEP = 30
# A clock that is off by a step is common; more would only help who guesses.
DRIFT = 1
ISSUER = "prospector"


def new_secret() -> str:
    """160 random bits in base 32, as RFC 4226 asks for."""
    return pyotp.random_base32(32)


def is_secret(text: str) -> bool:
    """Whether this can be a secret that `new_secret` made."""
    return re.fullmatch(r"[A-Z2-7]{32}", text) is not None


def uri(secret: str, email: str) -> str:
    """What an app reads from the QR code (`otpauth://totp/…`)."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def picture(address: str) -> str:
    """The address as a QR code: an `<svg>` element without style, to stand in a page."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, scale=5, border=4, light="#fff", omitsize=True
    )
    return out.getvalue().decode()


def spaced(secret: str) -> str:
    """The secret in groups of four, to be typed."""
    return " ".join(re.findall(".{1,4}", secret))


def step_of(secret: str, code: str, now: datetime, used: int) -> int | None:
    """The step whose code this is: this one or a neighbour, and later than the one used last."""
    digits = re.sub(r"\s", "", code)
    if re.fullmatch(r"\d{6}", digits, re.ASCII) is None:
        return None
    password, current = pyotp.TOTP(secret), int(now.timestamp()) // STEP
    steps = [current + off for off in range(-DRIFT, DRIFT + 1) if current + off > used]
    # Each is compared, so that how long it takes does not tell which of them it was.
    found = [step for step in steps if pyotp.utils.strings_equal(password.generate_otp(step), digits)]
    return found[0] if found else None


def use(session: Session, user_id: int, step: int) -> bool:
    """Take a step, once: of two sign-ins with the same code the second gets False."""
    taken = session.exec(
        update(User).where(col(User.id) == user_id, col(User.totp_step) < step).values(totp_step=step)
    )
    return bool(taken.rowcount)


def turn_on(session: Session, user_id: int, sealed: str, step: int) -> None:
    """Ask this user for a code from now on; the step that proved the app works is used."""
    session.exec(update(User).where(col(User.id) == user_id).values(totp=sealed, totp_step=step))


def turn_off(session: Session, user_id: int) -> None:
    """Ask this user for no code any more."""
    session.exec(update(User).where(col(User.id) == user_id).values(totp=None, totp_step=0))
