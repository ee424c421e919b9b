"""A rendered text in pieces: together they are the text, and each says where it is from."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from prospector.outreach.pieces import Piece, pieces_of, tidied
from prospector.outreach.render import pieces, render
from prospector.outreach.template import Template, parse

LETTER = (
    "Subject:  For {{ company.short_name }} \n\nHi {{ prospect.first_name }},\n\n{% if prospect.title %}\n"
    "as {{ prospect.title | upper }}\n{% endif %}\n\n\n{% for tag in prospect.tags %}{{ tag }}, {% endfor %}"
    "{{ prospect.last_name | default('friend') }}{{ 'a' if prospect.country == 'DE' else 'b' }}  \n"
)


def made(text: str) -> Template:
    return parse(text, "x", "templates/x.txt")


def test_pieces_say_of_which_fact_they_are_and_what_stands_for_it() -> None:
    facts = {"prospect": {"title": "CEO", "tags": ["a", "b"], "country": "DE"}}
    assert pieces(made(LETTER), facts, {"first_name": "there"}) == [
        Piece("Hi "),
        Piece("there", "fallback", "prospect.first_name"),
        Piece(",\n\nas "),
        Piece("CEO", "fact", "prospect.title"),
        Piece("\n\n"),
        Piece("a", "fact", "prospect.tags"),
        Piece(", "),
        Piece("b", "fact", "prospect.tags"),
        Piece(", "),
        Piece("friend", "fallback", "prospect.last_name"),
        Piece("a"),
    ]
    subject = pieces(made(LETTER), facts, where="subject")
    assert subject == [Piece("For "), Piece("⟨company.short_name?⟩", "missing", "company.short_name")]


def test_a_subject_of_the_thread_is_a_fact_and_a_template_that_fails_has_no_pieces() -> None:
    facts: Any = {"engagement": {"subject": "AW: Looms"}}
    assert pieces(made("\nHello"), facts, where="subject") == [
        Piece("Re: Looms", "fact", "engagement.subject")
    ]
    assert pieces(made("\nHello"), {}, where="subject") == []
    assert pieces(made("\n{% if prospect.name > 3 %}x{% endif %}"), {"prospect": {"name": "A"}}) == []


words = st.text(alphabet="ab \t\n\r\x0b\x85\u2028.,", max_size=12) | st.none()
person = st.fixed_dictionaries(
    dict.fromkeys(("first_name", "last_name", "title", "country"), words)
    | {"tags": st.lists(words, max_size=3)}
)


@settings(deadline=None, max_examples=150)
@given(person, st.dictionaries(st.sampled_from(["first_name", "title", "company.short_name"]), words))
def test_pieces_together_are_the_text(known: Any, stand: Any) -> None:
    template, facts = made(LETTER), {"prospect": known}
    draft = render(template, facts, fallbacks=stand)
    assert "".join(piece.text for piece in pieces(template, facts, stand)) == draft.body
    assert "".join(piece.text for piece in pieces(template, facts, stand, where="subject")) == draft.subject


@settings(deadline=None, max_examples=150)
@given(st.lists(st.text(alphabet="ab \t\n\r\x0b\x85\u2028", max_size=10), max_size=6))
@example(["", "\n\n", " a ", "\n \n\n", "b\r"])
def test_what_is_tidied_is_tidied_alike_in_pieces(parts: list[str]) -> None:
    assert "".join(piece.text for piece in pieces_of(parts)) == tidied("".join(parts))
    assert "".join(piece.text for piece in pieces_of(parts, one_line=True)) == "".join(parts).strip(" \t")
