"""From a template and the facts about a person to a draft: always a draft, whatever is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prospector.outreach import sandbox
from prospector.outreach.facts import Facts, Reading, digest
from prospector.outreach.filters import reply_subject
from prospector.outreach.grammar import Refused
from prospector.outreach.lint import lint
from prospector.outreach.naming import completed
from prospector.outreach.problem import Problem, Where
from prospector.outreach.template import Template


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before its approval.

    `read` are the paths of the facts that the text depends on and `facts_hash` their hash:
    `is_stale` tells later, without the template, whether one of them has changed.
    """

    subject: str
    body: str
    problems: tuple[Problem, ...]
    facts_hash: str
    read: tuple[str, ...] = ()


def render(template: Template, facts: Facts, *, limit: int | None = None) -> Draft:
    """Fill a template in, and lint what came out. Never raises.

    A fact that is missing leaves a mark such as `⟨first_name?⟩` in the text and an error in
    `problems`, and so does everything else that goes wrong. `limit` is the longest body, in
    characters, that the channel takes.
    """
    facts = completed(facts)
    reading = Reading(facts)
    subject, subject_problems = _filled(template, "subject", reading)
    body, body_problems = _filled(template, "body", reading)
    if template.action == "email" and not template.subject:
        subject = _subject_of_thread(reading)
    subject, body = subject.strip(" \t"), tidied(body)
    found = lint(subject, body, facts, action=template.action, language=template.language, limit=limit)
    read = tuple(sorted(reading.read))
    problems: Sequence[Problem] = [*subject_problems, *body_problems, *found]
    return Draft(subject, body, tuple(problems), digest(facts, read), read)


def is_stale(facts_hash: str, read: Sequence[str], facts: Facts) -> bool:
    """Whether a fact that the draft was made of has changed since."""
    return digest(completed(facts), read) != facts_hash


def tidied(text: str) -> str:
    """Without the gaps that conditions leave: no blanks at line ends, one empty line at most."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines)


def _subject_of_thread(reading: Reading) -> str:
    """A mail without a subject of its own answers one: the subject of what it answers."""
    reading.groups()["engagement"].get("subject")
    subject = reading.read["engagement.subject"]
    return reply_subject(subject) if isinstance(subject, str) else ""


def _filled(template: Template, where: Where, reading: Reading) -> tuple[str, list[Problem]]:
    source = template.subject if where == "subject" else template.body
    try:
        return sandbox.run(sandbox.compiled(source, template.language), reading.groups()), []
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
