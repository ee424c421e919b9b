"""Pure mail code: read what came in, say what it is, and build what goes out.

Nothing here opens a socket, a file or a clock, so the mail connector and `prospector classify`
read a mail in the same way.
"""

from prospector.mail.build import HeaderError, Letter, build
from prospector.mail.classify import Classified, classify
from prospector.mail.read import LIMIT, moment, parse

__all__ = ["LIMIT", "Classified", "HeaderError", "Letter", "build", "classify", "moment", "parse"]
