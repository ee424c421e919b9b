"""The documentation names every command, option, configuration key and SDK name; its links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pydantic import BaseModel
from typer.main import get_command

from prospector import config, sdk, workspace
from prospector.cli import COMMANDS, application

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def tables(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str]]:
    """Every key of config.toml, with the table that it stands in."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from tables(kind, f"{path}{name}.")
        else:
            yield path, name


def commands() -> Iterator[tuple[str, Any]]:
    group: Any = get_command(application(COMMANDS.values()))
    for name, command in group.commands.items():
        for below, inner in getattr(command, "commands", {"": command}).items():
            yield f"{name} {below}".strip(), inner


def test_every_command_of_the_table_is_mounted_by_its_module() -> None:
    assert {name.split()[0] for name, _ in commands()} == set(COMMANDS)
    for name, module in COMMANDS.items():
        group: Any = get_command(application([module]))
        assert name in group.commands


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda value: str(value)[:30])
def test_every_command_and_option_is_in_the_reference(name: str, command: Any) -> None:
    page = text("docs/cli.md")
    lines = [line for line in page.splitlines() if re.search(rf"`prospector {name}[ `]", line)]
    assert lines, f"docs/cli.md does not name {name}"
    for parameter in command.params:
        for option in parameter.opts[:1]:
            if option.startswith("--") and option not in ("--json", "--help"):
                assert any(option in line for line in lines), f"docs/cli.md does not name {name} {option}"


def test_every_key_is_documented() -> None:
    page = text("docs/configuration.md")
    missing = [
        f"{table}{key}" for table, key in tables(config.File) if f"`{key}`" not in page and key != "accounts"
    ]
    missing += [key for key in config.AccountTable.model_fields if f"`{key}`" not in page]
    connectors = workspace.load_connectors([ROOT / "connectors"])
    for name, connector in connectors.items():
        missing += [f"{name}.{key}" for key in connector.Settings.model_fields if f"`{key}`" not in page]
    assert missing == []


def test_every_table_and_account_is_in_the_example() -> None:
    example = text("config.example.toml")
    for table in {path.rstrip(".") for path, _ in tables(config.File) if path}:
        assert f"[{table}]" in example
    for name in workspace.load_connectors([ROOT / "connectors"]):
        assert f"[accounts.{name}]" in example


def test_every_name_of_the_sdk_is_explained() -> None:
    page = text("docs/connectors.md")
    assert [name for name in sdk.__all__ if f"`{name}`" not in page] == []


def test_the_connector_of_the_page_is_one(tmp_path: Path) -> None:
    source = re.search(r"```python\n(.*?)```", text("docs/connectors.md"), re.DOTALL)
    assert source is not None
    (tmp_path / "forum.py").write_text(source[1], encoding="utf-8")
    forum = workspace.load_connectors([tmp_path])["forum"]
    assert isinstance(forum, sdk.Connector)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if not target.startswith(("http:", "https:", "mailto:"))]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_pictures_are_well_formed_and_load_nothing() -> None:
    for picture in (ROOT / "docs").rglob("*.svg"):
        root = ElementTree.fromstring(picture.read_text(encoding="utf-8"))
        assert root.tag.endswith("svg")
        assert "href=" not in picture.read_text(encoding="utf-8")
