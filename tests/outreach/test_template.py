"""Template files: what their authors may write, and what they are told when it is wrong."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospector.outreach.facts import VOCABULARY
from prospector.outreach.filters import ARGUMENTS
from prospector.outreach.leftovers import PATTERNS
from prospector.outreach.template import (
    ACTIONS,
    HEADERS,
    Template,
    TemplateError,
    load,
    load_all,
    names,
    parse,
    problems,
)
from prospector.outreach.wording import LANGUAGES

SHIPPED = Path(__file__).parents[2] / "templates"


def refusal(text: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        parse(text, "x", "templates/x.txt")
    return caught.value


def write(folder: Path, name: str, text: str) -> None:
    path = folder / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_headers_a_blank_line_and_the_body() -> None:
    template = parse(
        "Subject: Hello {{ prospect.first_name }}\nAction: dm\non: post, reply\nLanguage: de-AT\n\n"
        "Line one\n\nLine three\n",
        "x",
        "templates/x.txt",
    )
    assert template == Template(
        name="x",
        path="templates/x.txt",
        subject="Hello {{ prospect.first_name }}",
        body="Line one\n\nLine three",
        action="dm",
        on=("post", "reply"),
        language="de",
        lines=tuple(("templates/x.txt", number) for number in range(6, 10)),
    )


def test_a_file_from_windows_reads_the_same() -> None:
    assert parse("\ufeffSubject: a\r\n\r\nb\r\nc\r\n", "x", "p").body == "b\nc"


def test_without_headers_it_is_a_mail() -> None:
    template = parse("\nOnly a body", "x", "p")
    assert (template.action, template.subject, template.body) == ("email", "", "Only a body")


def test_a_comment_is_an_answer() -> None:
    assert parse("Action: comment\n\nx", "x", "p").action == "reply"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("Subjct: a\n\nb", "1:1", "no header"),
        ("Subject: a\nNo colon\n\nb", "2:1", "no header"),
        ("Subject: a\nSubject: b\n\nb", "2:1", "second time"),
        ("Action: shout\n\nb", "1:9", "Action is one of"),
        ("Subject: a\nOn:   posts\n\nb", "2:7", "On names"),
        ("Language: Klingon\n\nb", "1:11", "Language is one of"),
        ("Subject: {{ prospect.frist_name }}\n\nb", "1:22", "did you mean `first_name`"),
        ("Subject: a\n\nb\n{{ persn.name }}", "4:4", "there is no `persn`"),
        ("Subject: a\n\nname {{ prospect.name }} {{ company.nam }}", "3:37", "company has no `nam`"),
        ("Subject: a\n\n{% if prospect.title %}\nb\n", "3:1", "write {% endif %}"),
        ("Subject: a\n\n{% if prospect.title %}{% endif %}\nb {{ prospect.name\n\nc", "4:3", "write }}"),
        ("Subject: a\n\n{{ prospect.name }} {{ prospect.title", "3:21", "write }}"),
        ("Subject: a\n\na {% for x in prospect.tags %}{% if x %}{% endif %}\nb", "3:3", "write {% endfor %}"),
        ("Subject: a\n\nb {% iff prospect.title %}", "3:6", "unknown tag 'iff'"),
        ("Subject: a\n\nb {{ prospect.title company.name }}", "3:21", "got 'company'"),
        ("Subject: a\n\nb\nc {{ prospect.name | upcase }}", "4:22", "there is no filter `upcase`"),
        ("Subject: a\n\nb {{ prospect.name | truncate(-1) }}", "3:22", "`truncate` takes a number"),
        ("Subject: a\n\nb {{ prospect.name ~ 'x' }}", "3:20", "instead of joining them"),
        ("Subject: a\n\nb {{ 1 + 1 }}", "3:8", "`add` is not allowed"),
        ("Subject: a\n\nb {% set a = 'b' %}", "3:6", "`assign` is not allowed"),
        ("Subject: a\n\nb {{ prospect.title.upper }}", "3:6", "goes too deep"),
        ("Subject: a\n\nb {{\n prospect.nme }}", "4:11", "prospect has no `nme`"),
        ("Subject: a\n\nb\x00c", "3:2", "control character"),
        ('Subject: a\n\nb\n\nc {{ snippet("gone") }}', "5:6", "no gone.txt"),
        ('Subject: a\n\n{{ snippet("../secret") }}', "3:4", "lower-case letters"),
    ],
)
def test_errors_name_the_file_the_line_and_the_column(text: str, place: str, words: str) -> None:
    error = refusal(text)
    assert str(error).startswith(f"templates/x.txt:{place}: ")
    assert words in str(error)


def test_all_problems_of_a_template_are_listed() -> None:
    text = (
        "Subject: {{ prospect.nam }}\n\n{{ persn.name }}\n{% for x in prospect.tags %}{{ y }}{% endfor %}\n"
        "{{ prospect.name | upcase }} {{ prospect.title if prospect.old else prospect.new }}"
    )
    found = problems(text, "x", "templates/x.txt")
    assert [(error.line, error.column) for error in found] == [
        (1, 22),
        (3, 4),
        (4, 32),
        (5, 20),
        (5, 60),
        (5, 78),
    ]
    assert problems("Subject: {{ prospect.name }}\n\nHello", "x", "p") == ()
    assert [error.line for error in problems("Sbject: x\n\n{{ y }}", "x", "p")] == [1]


def test_a_problem_beside_a_pasted_snippet_has_the_column_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "snippets", "long", "A rather long text")
    text = 'Subject: a\n\nP.S. {{ snippet("long") }} {{ prospect.nme }}'
    (found,) = problems(text, "x", "p", [tmp_path])
    assert (found.path, found.line, found.column) == ("p", 3, 40)


@pytest.mark.parametrize(
    "name", ["", "../intro", "/etc/passwd", "a/b", "A", "a.txt", "..", "a\0b", "x" * 65, "-a"]
)
def test_names_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(TemplateError, match="lower-case letters"):
        load([tmp_path], name)


def test_the_workspace_wins_over_what_ships(tmp_path: Path) -> None:
    ours, shipped = tmp_path / "ours" / "templates", tmp_path / "shipped" / "templates"
    write(shipped, "intro", "\nshipped")
    write(shipped, "other", "\nother")
    write(ours, "intro", "\nours")
    assert load([ours, shipped], "intro").body == "ours"
    assert load([ours, shipped], "intro").path == "templates/intro.txt"
    assert names([ours, shipped]) == ["intro", "other"]


def test_a_missing_template_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no intro"):
        load([tmp_path], "intro")


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"Subject: a\n\nM\xfcnchen")
    (tmp_path / "large.txt").write_bytes(b"\n" + b"x" * 70_000)
    with pytest.raises(TemplateError, match=r"latin.txt:3: is not UTF-8"):
        load([tmp_path], "latin")
    with pytest.raises(TemplateError, match="larger than"):
        load([tmp_path], "large")


def test_a_letter_in_other_languages_lies_beside_it(tmp_path: Path) -> None:
    ours, shipped = tmp_path / "ours" / "templates", tmp_path / "shipped" / "templates"
    write(shipped, "intro", 'Subject: a\n\nHello\n{{ snippet("sig") }}')
    write(shipped, "intro.de", 'Subject: a\n\nHallo\n{{ snippet("sig") }}')
    write(shipped / "snippets", "sig", "Best")
    write(shipped / "snippets", "sig.de", "Gruß")
    write(ours, "intro.fr", 'Subject: a\n\nBonjour\n{{ snippet("sig") }}')
    write(ours, "nur.de", "Subject: a\n\nNur so")
    path = [ours, shipped]
    texts = {language: load(path, "intro", language).body for language in ("en", "de", "fr", "es", None)}
    assert texts == {
        "en": "Hello\nBest",
        "de": "Hallo\nGruß",
        "fr": "Bonjour\nBest",
        "es": "Hello\nBest",
        None: "Hello\nBest",
    }
    assert load(path, "intro", "de").language == "de"
    library = load_all(path)
    assert names(path) == ["intro", "nur"]
    assert [*library.by_language("intro")] == ["en", "de", "fr"]
    assert [*library.by_language("nur")] == ["de"]
    assert library.by_language("gone") == {}
    assert library.errors == ()


def test_a_letter_of_ones_own_is_taken_before_a_shipped_one_in_the_right_language(tmp_path: Path) -> None:
    write(tmp_path / "shipped", "intro.de", "\nHallo")
    write(tmp_path / "ours", "intro", "\nMine")
    assert load([tmp_path / "ours", tmp_path / "shipped"], "intro", "de").body == "Mine"


def test_the_name_of_a_file_and_its_header_agree_on_the_language(tmp_path: Path) -> None:
    write(tmp_path, "intro.de", "Subject: a\nLanguage: fr\n\nBonjour")
    with pytest.raises(TemplateError, match=r"intro.de.txt:2:11: this is the de text"):
        load([tmp_path], "intro", "de")
    assert [error.line for error in load_all([tmp_path]).errors] == [2, 2]


def test_answers_come_in_the_languages_that_lie_beside_the_default(tmp_path: Path) -> None:
    write(tmp_path, "thanks", "On: post\n\nThanks")
    write(tmp_path, "thanks.de", "\nDanke")
    library = load_all([tmp_path])
    answers = [library.answer_to("post", language) for language in ("de", "en", "it")]
    assert [answer.body for answer in answers if answer] == ["Danke", "Thanks", "Thanks"]


def test_snippets_are_pasted_and_errors_in_them_name_their_file(tmp_path: Path) -> None:
    write(tmp_path / "templates", "a", '\nHi\n\n{{ snippet("sig") }}\nP.S. {{ snippet("one") }}!')
    write(tmp_path / "templates/snippets", "sig", "Best\n{{ sender.name }}\n")
    write(tmp_path / "templates/snippets", "one", "bye")
    template = load([tmp_path / "templates"], "a")
    assert template.body == "Hi\n\nBest\n{{ sender.name }}\nP.S. bye!"
    assert template.place(4) == ("templates/snippets/sig.txt", 2)
    assert template.place(5) == ("templates/a.txt", 5)
    write(tmp_path / "templates/snippets", "sig", "Best\n{{ sender.nme }}\n")
    with pytest.raises(TemplateError, match=r"^templates/snippets/sig.txt:2:11: sender has no `nme`"):
        load([tmp_path / "templates"], "a")


def test_the_workspaces_snippet_wins_too(tmp_path: Path) -> None:
    write(tmp_path / "snippets", "signature", "Ours")
    write(tmp_path, "mine", '\n{{ snippet("signature") }}')
    assert load([tmp_path, SHIPPED], "mine").body == "Ours"


@pytest.mark.parametrize(
    ("snippets", "words"),
    [
        ({"a": '{{ snippet("a") }}'}, "a → a paste each other"),
        ({"a": '{{ snippet("b") }}', "b": 'x\n{{ snippet("a") }}'}, "a → b → a"),
        (
            {name: f'{{{{ snippet("{after}") }}}}' for name, after in zip("abcdef", "bcdefg", strict=True)},
            "nested",
        ),
        ({"a": '{{ snippet("b") }}' * 60, "b": "b" * 60_000}, "too much"),
        ({"a": '{{ snippet("b") }}' * 90, "b": '{{ snippet("c") }}' * 90, "c": "c"}, "too much"),
    ],
)
def test_snippets_end(tmp_path: Path, snippets: dict[str, str], words: str) -> None:
    write(tmp_path, "x", '\n{{ snippet("a") }}')
    for name, text in snippets.items():
        write(tmp_path / "snippets", name, text)
    with pytest.raises(TemplateError, match=words):
        load([tmp_path], "x")


def test_a_broken_template_does_not_hide_the_others(tmp_path: Path) -> None:
    write(tmp_path, "bad", "\n{{")
    write(tmp_path, "good", "On: post\n\nx")
    library = load_all([tmp_path])
    assert list(library.templates) == ["good"]
    assert [error.line for error in library.errors] == [2]


def test_the_answer_to_a_kind_is_the_workspaces_in_the_language_asked_for(tmp_path: Path) -> None:
    write(tmp_path, "zz-mine", "On: post\n\nMine")
    write(tmp_path, "zz-meins", "On: post\nLanguage: de\n\nMeins")
    library = load_all([tmp_path, SHIPPED])
    answers = {language: library.answer_to("post", language) for language in ("en", "de", "fr")}
    assert {key: found.name for key, found in answers.items() if found} == {
        "en": "zz-mine",
        "de": "zz-meins",
        "fr": "zz-meins",
    }
    assert library.answer_to("bounce") is None


def test_what_ships_is_whole() -> None:
    library = load_all([SHIPPED])
    assert library.errors == ()
    assert {"intro", "follow-up", "re-engage"} <= set(library.templates)
    kinds = ["post", "reply", "comment", "mention", "quote", "dm", "email_reply", "follow"]
    assert [getattr(library.answer_to(kind), "name", None) for kind in kinds] == kinds


def outcome(text: str) -> Template | TemplateError:
    try:
        return parse(text, "x", "p")
    except TemplateError as error:
        return error


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_template_or_an_error_with_its_place(text: str) -> None:
    assert outcome(text).path == "p"


PIECES = """
{{ }} {% %} {# #} if for in endif endfor prospect .name .tags x | upper ( ) ' [ ] 1 * ~ not self snippet loop
"""


@settings(deadline=None)
@given(st.lists(st.sampled_from([*PIECES.split(), " ", "\n"]), max_size=40).map("".join))
def test_any_mixture_of_syntax_is_a_template_or_an_error(body: str) -> None:
    assert outcome(f"\n{body}").path == "p"


def test_what_authors_may_use_is_documented() -> None:
    text = (SHIPPED.parent / "docs" / "templates.md").read_text(encoding="utf-8")
    codes = {pattern.code for pattern in PATTERNS}
    facts = {fact for group in VOCABULARY.values() for fact in group}
    for word in {*ARGUMENTS, *VOCABULARY, *facts, *HEADERS, *ACTIONS, *LANGUAGES, *codes}:
        assert f"`{word}" in text, word
