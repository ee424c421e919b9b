"""Pure mail code: read what came in, say what it is, and build what goes out.

Nothing here opens a socket or looks at the clock, so the mail connector and `prospector classify`
read a mail in the same way.
"""

from prospector.mail.authentication import dmarc_passed
from prospector.mail.build import HeaderError, Letter, build, envelope
from prospector.mail.classify import Classified, classify
from prospector.mail.read import LIMIT, moment

__all__ = [
    "LIMIT",
    "Classified",
    "HeaderError",
    "Letter",
    "build",
    "classify",
    "dmarc_passed",
    "envelope",
    "moment",
]
