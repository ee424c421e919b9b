"""Wrong use of every command is one clear sentence on standard error, and exit code 2 (1: a failure)."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

import pytest
from tests.shell import ADA, Shell

from prospector.cli import invoke
from prospector.processes import locked
from prospector.prospects.urls import canonical
from prospector.store import Store

HUGE = "9" * 24

WRONG = [
    (["add"], "Missing argument"),
    (["add", "nonsense"], '"nonsense" is no profile'),
    (["add", ""], '"" is no profile'),
    (["add", "https://bsky.app/profile/b.example", "--email", "nope"], '"nope" is no e-mail address'),
    (["add", "https://bsky.app/profile/b.example", "--stage", "nope"], 'no stage "nope"; there are cold'),
    (["add", "https://bsky.app/profile/b.example", "--value", "nan"], "--value"),
    (["add", "https://bsky.app/profile/b.example", "--value", "1e300"], "--value"),
    (["add", "https://bsky.app/profile/b.example", "--value", "-5"], "--value"),
    (["add", "https://bsky.app/profile/b.example", "--owner", "x@y.example"], 'no user "x@y.example"'),
    (["add", ADA], "already belongs to prospect 1"),
    (["prospects", "--limit", "0"], "--limit"),
    (["prospects", "--limit", HUGE], "--limit"),
    (["prospects", "--limit", "ten"], "valid integer"),
    (["prospects", "--stage", "nope"], 'no stage "nope"'),
    (["profiles", "--prospect", "nobody"], 'No prospect is meant by "nobody"'),
    (["profiles", "--prospect", HUGE], "No prospect is meant"),
    (["profiles", "--prospect", "0"], "No prospect is meant"),
    (["engagements", "--limit", HUGE], "--limit"),
    (["engagements", "--prospect", "\udcff"], "No prospect is meant"),
    (["moves", "--prospect", "77"], "No prospect is meant"),
    (["move", "1", "--to", "nope"], 'no stage "nope"'),
    (["move", "1"], "--to"),
    (["why", "999"], "No prospect is meant"),
    (["why"], "Missing argument"),
    (["why-not", "1", "--rule", "nope"], 'no rule "nope"; there are: meeting booked'),
    (["poll"], "Say whom to look at"),
    (["poll", "--all", "--account", "feed"], "Say whom to look at"),
    (["poll", "--account", "nope"], 'no account "nope"'),
    (["poll", "--prospect", "nobody"], "No prospect is meant"),
    (["queue", "--owner", "nobody@x.example"], 'no user "nobody@x.example"'),
    (["done", "999"], "There is no card 999"),
    (["done", HUGE], "less than or equal"),
    (["done", "-1"], "No such option: -1"),
    (["dismiss", "999"], "There is no card 999"),
    (["snooze", "1"], "Say either --until"),
    (["snooze", "1", "--until", "tomorrow"], "neither a date (2026-12-01) nor a time from now"),
    (["snooze", "1", "--until", "9999-99-99"], "neither a date"),
    (["snooze", "1", "--until", "999999w"], "neither a date"),
    (["snooze", "1", "--on", "nothing"], "--on is post or reply"),
    (["snooze", "999", "--until", "3d"], "There is no card 999"),
    (["draft"], "--template"),
    (["draft", "--template", "intro"], "Say for whom"),
    (["draft", "--template", "nope", "--prospect", "1"], "there is no nope.txt"),
    (["draft", "--template", "../../etc/passwd", "--prospect", "1"], "a name has only"),
    (["draft", "--template", "intro", "--prospect", "999"], "No prospect is meant"),
    (["draft", "--template", "intro", "--stage", "nope"], 'no stage "nope"'),
    (["approve"], "Say which"),
    (["approve", "1", "--ready"], "Say which"),
    (["approve", HUGE], "less than or equal"),
    (["approve", "999"], "There is no message 999"),
    (["approve", "1", "2", "--body", "/nonexistent"], "--body goes with one draft"),
    (["approve", "1", "--body", "/nonexistent"], "/nonexistent cannot be read: No such file or directory."),
    (["discard"], "Missing argument"),
    (["discard", "999"], "There is no message 999"),
    (["sent", "999"], "There is no message 999"),
    (["suppress"], "Missing argument"),
    (["suppress", "nonsense"], "neither an e-mail address nor a domain"),
    (["suppress", "a b@c"], "is no e-mail address"),
    (["rules", "check", "/nonexistent"], "/nonexistent cannot be read"),
    (["rules", "replay", "/nonexistent", "/nonexistent", "--until", "5"], "cannot be read"),
    (["classify"], "Missing argument"),
    (["url"], "Say which"),
    (["nothing-like-this"], "No such command"),
    (["queue", "--bogus"], "See `prospector queue --help`"),
    (["init", "--preset", "nope", "/nonexistent"], 'no preset "nope"'),
    (["demo", "--port", "99999"], "--port"),
    (["run", "extra"], "unexpected extra argument"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=lambda value: " ".join(value)[:60])
def test_wrong_use_is_said_and_is_2(ada: Shell, arguments: list[str], said: str) -> None:
    ada(*arguments).refused(2, said)


def test_the_address_of_somebody_else_is_refused(ada: Shell) -> None:
    other = "https://bsky.app/profile/b.example"
    assert canonical(other) is not None
    ada("add", other, "--email", "ada@weber.example").refused(2, "already")


def test_all_cards_of_a_call_are_decided_or_none(ada: Shell) -> None:
    ada("suppress", "b.example", "nonsense").refused(2, "nonsense")
    assert ada("suppressions", "--json").json == []


def test_no_workspace_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROSPECTOR_WORKSPACE", raising=False)
    assert invoke(["queue"]) == 2
    assert "prospector init" in capsys.readouterr().err


def test_a_workspace_is_not_made_over_another(shell: Shell) -> None:
    shell("init", str(shell.folder)).refused(2, "holds a workspace already; nothing was changed")


def test_a_folder_that_cannot_be_made_is_named(shell: Shell) -> None:
    shell("init", "/proc/nothing").refused(1, "/proc/nothing")
    shell("init", str(shell.folder / "config.toml")).refused(1, "config.toml")


@pytest.mark.parametrize("name", ["config.toml", "rules.toml"])
def test_a_file_that_is_not_utf_8_is_named(shell: Shell, name: str) -> None:
    shell.write(name, b'x = "\xff"\n')
    answer = shell("queue") if name == "config.toml" else shell("rules", "check", str(shell.folder / name))
    answer.refused(2 if name == "config.toml" else 1, name, "UTF-8")


def test_every_problem_of_the_configuration_has_its_line(shell: Shell) -> None:
    shell.write("config.toml", '[web]\nport = "x"\nhots = 1\n[accounts.feeed]\n')
    said = shell("prospects")
    said.refused(2, "config.toml:2: web.port", "config.toml:3: web.hots", "config.toml:4: accounts.feeed")
    assert len(said.err.splitlines()) == 3


def test_a_broken_connector_of_the_workspace_is_named_with_its_file(shell: Shell) -> None:
    shell.write("connectors/mine.py", "import nothing_like_this\n")
    shell("accounts").refused(1, "connectors/mine.py", "nothing_like_this")


def test_a_broken_template_is_named_with_its_line(ada: Shell) -> None:
    ada.write("templates/mine.txt", "Subject: Hello\n\nHello\n{{ prospect.nothing_like_this }}\n")
    ada("draft", "--template", "mine", "--prospect", "1").refused(2, "mine.txt:4")


def test_a_secret_that_is_not_there_names_the_variable(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    shell.write("config.toml", 'database = "env:NOT_THERE"\n')
    shell("prospects").refused(1, "set the environment variable NOT_THERE")


def test_a_database_of_a_newer_version_is_left_alone(shell: Shell) -> None:
    store = Store(f"sqlite:///{shell.folder / 'prospector.db'}")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    shell("prospects").refused(1, "newer prospector")
    shell("run", "--once", "--no-web").refused(1, "newer prospector")


def test_an_empty_database_is_told_to_be_migrated(shell: Shell) -> None:
    for file in shell.folder.glob("prospector.db*"):
        file.unlink()
    shell("prospects").refused(1, "prospector run")


def test_a_file_that_is_no_database_is_said(shell: Shell) -> None:
    for file in shell.folder.glob("prospector.db*"):
        file.unlink()
    shell.write("prospector.db", b"this is no database at all, but long enough to look" * 50)
    shell("prospects").refused(1, "not a database")


def test_a_database_server_that_is_not_there_is_said(shell: Shell) -> None:
    shell.write("config.toml", 'database = "postgresql://me@127.0.0.1:1/nothing"\n')
    shell("prospects").refused(1, "refused")


def test_a_database_that_somebody_holds_is_said(ada: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prospector.store.BUSY_SECONDS", 0.1)
    holder = sqlite3.connect(ada.folder / "prospector.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    ada("suppress", "x.example").refused(1, "Another program has held the database")
    holder.execute("ROLLBACK")
    holder.close()


def test_workers_need_postgresql(shell: Shell) -> None:
    shell("worker").refused(1, "Workers need PostgreSQL")


def test_unreadable_mails_are_each_named(shell: Shell) -> None:
    shell("classify", "/nonexistent.eml", "/tmp").refused(1, "/nonexistent.eml", "/tmp")


def test_what_others_wrote_has_no_power_over_the_terminal(shell: Shell) -> None:
    added = shell("add", ADA, "--name", "Ada \x1b[2J\u202eevil")
    assert added.code == 0
    assert "\x1b" not in added.out + shell("prospects").out
    assert "\u202e" not in shell("why", "1").out
    shell("profiles", "--prospect", "\x1b]0;title\x07").refused(2, "No prospect is meant")


@pytest.mark.parametrize("command", ["run", "web"])
def test_a_port_that_is_taken_is_said_before_anything_begins(shell: Shell, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        shell.write("config.toml", f'log = "warning"\n[web]\nport = {port}\n')
        shell(command).refused(1, f"127.0.0.1:{port} cannot be opened", "[web]")


def test_a_host_that_is_not_there_is_said_in_words(shell: Shell) -> None:
    shell.write("config.toml", 'log = "warning"\n[web]\nhost = "127.0.0.1.9"\nport = 0\n')
    run = shell("run")
    run.refused(1, "127.0.0.1.9:0 cannot be opened", "[web]")
    assert "Unknown error" not in run.err


def test_a_database_of_another_kind_is_said_behind_a_reference_too(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.write("config.toml", 'database = "env:ELSEWHERE"\n')
    monkeypatch.setenv("ELSEWHERE", "mysql://us:hunter22@127.0.0.1/sales")
    told = shell("accounts")
    told.refused(1, "mysql is not supported", "PostgreSQL")
    assert "hunter22" not in told.err


def test_rules_that_are_no_text_are_said_by_name(shell: Shell) -> None:
    (shell.folder / "rules.toml").write_bytes(b"\xff\xfe")
    shell("run", "--once").refused(1, "rules.toml is not UTF-8")


def test_a_second_process_on_one_workspace_refuses(shell: Shell) -> None:
    with locked(shell.folder / "prospector.lock"):
        shell("run", "--once", "--no-web").refused(1, "Another prospector is at work")
        assert shell("prospects").code == 0


def test_what_goes_wrong_under_the_lock_is_not_put_down_to_the_lock(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), locked(tmp_path / "prospector.lock"):
        raise PermissionError(13, "Permission denied")
