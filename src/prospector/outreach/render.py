"""From a template and the facts about a person to a draft: always a draft, whatever is missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from prospector.outreach import sandbox
from prospector.outreach.facts import Facts, Fallbacks, Reading, digest, digest_of, short
from prospector.outreach.filters import reply_subject
from prospector.outreach.grammar import Refused
from prospector.outreach.lint import lint
from prospector.outreach.naming import completed
from prospector.outreach.pieces import Piece, pieces_of, tidied
from prospector.outreach.problem import Found, Problem, Where, at
from prospector.outreach.shape import shape_of
from prospector.outreach.template import Template

NO_FALLBACKS: Mapping[str, str] = {}
WHERES: tuple[Where, ...] = ("subject", "body")


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before its approval.

    `read` are the paths of the facts that the text depends on and `facts_hash` their hash:
    `is_stale` tells later, without the template, whether one of them has changed. `shape` is the
    same for texts that came about the same way (`shape_in_words` says how), and `fell_back` are the
    paths of the facts for which a fallback stands in it.
    """

    subject: str
    body: str
    problems: tuple[Problem, ...]
    facts_hash: str
    read: tuple[str, ...] = ()
    shape: str = ""
    fell_back: tuple[str, ...] = ()


def render(
    template: Template, facts: Facts, *, limit: int | None = None, fallbacks: Fallbacks = NO_FALLBACKS
) -> Draft:
    """Fill a template in, and lint what came out. Never raises.

    A fact that is missing leaves a mark such as `⟨first_name?⟩` in the text and an error in
    `problems`, and so does everything else that goes wrong. Where `fallbacks` has something for it
    (`{"first_name": "there"}`), that stands there, with a warning; conditions still find it missing, and
    a `default` of the template comes first. `limit` is the longest body, in characters, that the
    channel takes.
    """
    facts = completed(facts)
    reading = Reading(facts, fallbacks)
    subject, subject_problems = _filled(template, "subject", reading)
    body, body_problems = _filled(template, "body", reading)
    if template.action == "email" and not template.subject:
        subject = _subject_of_thread(reading)
    subject, body = subject.strip(" \t"), tidied(body)
    problems = [*subject_problems, *body_problems]
    if reading.fell_back:
        problems += _fallbacks_used(template, facts, fallbacks, reading.fell_back)
    problems += lint(subject, body, facts, action=template.action, language=template.language, limit=limit)
    read = tuple(sorted(reading.read))
    return Draft(
        subject,
        body,
        tuple(problems),
        digest_of(reading.read),
        read,
        shape_of(reading).digest(template.name, template.language, template.subject, template.body),
        tuple(sorted(reading.fell_back)),
    )


def is_stale(facts_hash: str, read: Sequence[str], facts: Facts) -> bool:
    """Whether a fact that the draft was made of has changed since, or one that was missing is known."""
    return digest(completed(facts), read) != facts_hash


def pieces(
    template: Template, facts: Facts, fallbacks: Fallbacks = NO_FALLBACKS, *, where: Where = "body"
) -> list[Piece]:
    """The body (or the subject) that `render` gives, cut at the facts. Where the template fails there
    are none; a subject that is taken from a thread is one piece."""
    reading = Reading(completed(facts), fallbacks)
    if where == "subject" and template.action == "email" and not template.subject:
        return (
            [Piece(subject, "fact", "engagement.subject")] if (subject := _subject_of_thread(reading)) else []
        )
    source = template.subject if where == "subject" else template.body
    try:
        parts = list(sandbox.parts(sandbox.compiled(source, template.language), reading))
    except Exception:
        return []  # `render` says what went wrong.
    return pieces_of(parts, one_line=where == "subject")


def shape_in_words(template: Template, facts: Facts, fallbacks: Fallbacks = NO_FALLBACKS) -> str:
    """How the texts of one shape came about, told by one person of it:
    `with title; no city; a fallback for first_name`."""
    reading = Reading(completed(facts), fallbacks)
    for where in WHERES:
        _filled(template, where, reading)
    return shape_of(reading).in_words()


def _fallbacks_used(
    template: Template, facts: Facts, fallbacks: Fallbacks, fell_back: Collection[str]
) -> list[Problem]:
    """Where a fallback stands, so that a person reads whether the sentence still holds."""
    found: list[Problem] = []
    for where in WHERES:
        some = pieces(template, facts, fallbacks, where=where)
        text, start = "".join(piece.text for piece in some), 0
        for piece in some:
            if piece.kind == "fallback" and piece.path is not None and piece.path in fell_back:
                message = f"stands for {short(piece.path)}, which is not known; does the sentence hold?"
                found.append(at(Found(text, start, piece.text), where, "fallback", message, "warning"))
            start += len(piece.text)
    return found


def _subject_of_thread(reading: Reading) -> str:
    """A mail without a subject of its own answers one: the subject of what it answers."""
    reading.groups()["engagement"].get("subject")
    subject = reading.read["engagement.subject"]
    return reply_subject(subject) if isinstance(subject, str) else ""


def _filled(template: Template, where: Where, reading: Reading) -> tuple[str, list[Problem]]:
    source = template.subject if where == "subject" else template.body
    try:
        return sandbox.run(sandbox.compiled(source, template.language), reading), []
    except Refused as error:
        place, line = (
            template.place(error.line) if where == "body" else (template.path, template.subject_line)
        )
        message = f"{place}:{line}: {error}"
    except sandbox.TooLong as error:
        message = f"{template.path}: {error.__doc__}"
    except TypeError as error:
        message = f"{template.path}: two values cannot be compared ({error}); compare a number with a number"
    except Exception as error:
        # A draft with its error is worth more than a batch that stops: the person sees it.
        message = f"{template.path}: {type(error).__name__}: {error}"
    return "", [Problem("template", message[:500], "error", where)]
