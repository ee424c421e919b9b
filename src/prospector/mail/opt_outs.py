"""Whether somebody's own words ask us to stop writing to them, in seven languages.

It looks at new words only (no quotation): our own footer says "unsubscribe" in every mail that
is answered. A wrong "yes" costs a click (it is shown for confirmation), a wrong "no" costs trust.
"""

from __future__ import annotations

import re

from prospector.mail.phrases import alternatives, any_of

_LONGEST = 2_000

_POLITE = (
    r"please|pls|kindly|bitte|s'il vous pla[iî]t|svp|por favor|per favore|alstublieft|graag|now|thanks|"
    r"thank you|thx|danke|merci|gracias|grazie|dank|bedankt|obrigad[oa]"
)
# The whole mail, or its first sentence, is nothing but this.
_ALONE = re.compile(
    rf"(?:(?:{_POLITE}|stop)[ ,]*)*{alternatives('opt_out_alone')}(?:[ ,]*(?:{_POLITE}))*", re.I
)
# These say it in any sentence.
_PHRASES = any_of("opt_out")
_NEGATED = re.compile(
    r"\b(?:don't|do not|never|please don't|won't|wouldn't|didn't|did not|not|nicht|ne pas|no|non|niet|não)"
    r"(?: \w+){0,2} $",
    re.I,
)
# "Stop sending" may be about something else than our mails.
_ABOUT_THEM = re.compile(
    r"\b(?:your (?:customers|clients|users|leads|prospects|tool|product)|our (?:customers|clients|users))\b",
    re.I,
)
_SUBJECT = re.compile(
    r"(?:unsubscribe|abmelden|désabonner|baja|disiscrivi|uitschrijven|cancelar)(?: [\w.~+=/-]{1,200})?", re.I
)
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|hallo|guten (?:tag|morgen)|sehr geehrte\w*|bonjour|hola|buen[oa]s \w+|buongiorno|"
    r"salve|beste|geachte|ol[aá]|bom dia|prezad\w+|ciao)\b[^.!?\n]{0,40}[,!.:]?",
    re.I,
)


def is_opt_out(new_text: str) -> bool:
    """Whether these words of theirs are an opt-out."""
    lines = [line.strip() for line in new_text[:_LONGEST].replace("’", "'").split("\n") if line.strip()]
    if lines and len(lines) > 1 and _GREETING.fullmatch(lines[0]):
        lines = lines[1:]
    text = " ".join(lines)
    sentences = [s.strip(" \"'*-–.,!") for s in re.split(r"[.!?;\n]+", "\n".join(lines))]
    said = [s for s in sentences if s]
    if len(text) <= 300 and any(map(_ALONE.fullmatch, said[:3])):
        return True
    return any(_asks(sentence) for sentence in [*said, text] if len(sentence) <= 600)


def _asks(sentence: str) -> bool:
    found = _PHRASES.search(sentence)
    if found is None or _ABOUT_THEM.search(sentence):
        return False
    return not _NEGATED.search(sentence[: found.start()])


def is_opt_out_subject(subject: str) -> bool:
    """Whether a mail client wrote it for a List-Unsubscribe `mailto:`: the word, perhaps with a token."""
    return bool(_SUBJECT.fullmatch(subject.strip()))
