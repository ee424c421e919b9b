"""Which workspace is meant, and which file of a name is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from prospector import workspace
from prospector.workspace import Workspace, WorkspaceError


@pytest.fixture(autouse=True)
def _nothing_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PROSPECTOR_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)


def made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text("", encoding="utf-8")
    return folder


def test_the_option_wins_then_the_variable_then_upwards_then_the_usual_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    option, variable, usual = (made(tmp_path / name) for name in ("a", "b", "prospector-workspace"))
    assert workspace.locate().root == usual
    above = made(tmp_path)
    below = tmp_path / "deep" / "down"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert workspace.locate().root == above
    monkeypatch.setenv("PROSPECTOR_WORKSPACE", str(variable))
    assert workspace.locate().root == variable
    assert workspace.locate(option).root == option


def test_a_chosen_folder_without_a_config_is_not_replaced_by_another(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(WorkspaceError, match="prospector init"):
        workspace.locate(tmp_path / "elsewhere")


def test_the_place_is_absolute_so_that_a_change_of_folder_does_no_harm(tmp_path: Path) -> None:
    made(tmp_path / "here")
    assert workspace.locate(Path("here")).root == tmp_path / "here"


def test_the_search_path_begins_with_the_workspace_and_names_only_what_is_there(tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    shipped = workspace.shipped() / "templates"
    assert place.search_path("templates") == [shipped]
    (tmp_path / "templates").mkdir()
    assert place.search_path("templates") == [tmp_path / "templates", shipped]


def test_files_of_a_connector_find_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "connectors"
    folder.mkdir()
    (folder / "_shared.py").write_text('PLATFORM = "shared"\n', encoding="utf-8")
    (folder / "mine.py").write_text(
        "from prospector.sdk import BaseModel, Capabilities\n"
        "from ._shared import PLATFORM\n"
        "class Mine:\n"
        "    name, Settings, can, platforms = 'mine', BaseModel, Capabilities(), frozenset({PLATFORM})\n"
        "    async def poll(self, context, identity, cursor): ...\n",
        encoding="utf-8",
    )
    found = workspace.load_connectors([folder])
    assert found["mine"].platforms == {"shared"}


def test_another_search_path_starts_anew(tmp_path: Path) -> None:
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "mine.py").write_text(
            "from prospector.sdk import BaseModel, Capabilities\n"
            "class Mine:\n"
            "    name, Settings, can = 'mine', BaseModel, Capabilities()\n"
            f"    platforms = frozenset({{'{name}'}})\n"
            "    async def poll(self, context, identity, cursor): ...\n",
            encoding="utf-8",
        )
    assert workspace.load_connectors([tmp_path / "first"])["mine"].platforms == {"first"}
    assert workspace.load_connectors([tmp_path / "second"])["mine"].platforms == {"second"}
