"""Wheel, sdist and editable install find what ships; a workspace's files win over it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from prospector import workspace
from prospector.outreach import template
from prospector.workspace import BrokenConnectorError, Workspace

ROOT = Path(__file__).parents[1]
TOLD = """
from prospector import workspace
from prospector.outreach import template
place = workspace.shipped()
print(place)
print(*sorted(workspace.load_connectors([place / "connectors"])))
print(template.load([place / "templates"], "intro").name)
print((place / "config.example.toml").is_file())
"""
SHIPPED = ["bluesky feed mail mastodon", "intro", "True"]


def run(*command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    # Offline: what is built must come from this machine alone.
    env = {**os.environ, "UV_OFFLINE": "1", **(environment or {})}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was made of the sdist."""
    folder = tmp_path_factory.mktemp("built")
    script = "import sys; from hatchling.build import *; "
    run(sys.executable, "-c", script + "build_sdist(sys.argv[1])", folder, cwd=ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        # Python before 3.11.4 knows no filters, and later ones warn without.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    source = folder / sdist.name.removesuffix(".tar.gz")
    run(sys.executable, "-c", script + "build_wheel(sys.argv[1])", folder, cwd=source)
    return folder


def test_the_sdist_holds_what_is_needed_to_build_and_test(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {
        "pyproject.toml",
        "hatch_build.py",
        "requirements.lock",
        "Makefile",
        "README.md",
        "LICENSE",
        "config.example.toml",
        "connectors/bluesky.py",
        "templates/intro.txt",
        "src/prospector/rules/default.toml",
        "tests/test_packaging.py",
    }
    assert wanted - names == set()
    assert [name for name in names if name.startswith((".venv", "sandbox/", ".git/"))] == []


def test_a_wheel_finds_what_ships_from_any_folder(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    target = tmp_path / "site"
    uv = Path(sys.executable).with_name("uv")
    run(
        uv,
        "pip",
        "install",
        "--no-deps",
        "--offline",
        "--python",
        sys.executable,
        "--target",
        target,
        wheel,
        cwd=tmp_path,
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    told = run(sys.executable, "-c", TOLD, cwd=elsewhere, environment={"PYTHONPATH": str(target)})
    assert told.splitlines() == [str(target / "prospector" / "shipped"), *SHIPPED]


def test_the_wheel_carries_data_files_and_no_tests(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for wanted in (
        "prospector/py.typed",
        "prospector/rules/default.toml",
        "prospector/migrations/env.py",
        "prospector/migrations/script.py.mako",
        "prospector/web/pages/status.html",
        "prospector/shipped/config.example.toml",
        "prospector/shipped/templates/snippets/signature.txt",
    ):
        assert wanted in names
    assert [
        name for name in names if name.startswith(("tests/", "benchmarks/")) or "__pycache__" in name
    ] == []


def test_an_editable_install_reads_files_where_they_lie(tmp_path: Path) -> None:
    told = run(sys.executable, "-c", TOLD, cwd=tmp_path, environment={"PYTHONPATH": str(ROOT / "src")})
    assert told.splitlines() == [str(ROOT), *SHIPPED]


def connector(name: str, platform: str) -> str:
    return f"""
from prospector.sdk import BaseModel, Capabilities

class Mine:
    name = "{name}"
    Settings = BaseModel
    can = Capabilities()
    platforms = frozenset({{"{platform}"}})
    async def poll(self, context, identity, cursor):
        raise NotImplementedError
"""


def test_a_connector_of_the_workspace_wins_and_says_where_it_is_from(tmp_path: Path) -> None:
    (tmp_path / "connectors").mkdir()
    mine = tmp_path / "connectors" / "feed.py"
    mine.write_text(connector("feed", "mine"), encoding="utf-8")
    found = workspace.load_connectors(Workspace(tmp_path).search_path("connectors"))
    assert found["feed"].platforms == {"mine"}
    assert workspace.origin(found["feed"]) == mine
    assert workspace.origin(found["bluesky"]) == ROOT / "connectors" / "bluesky.py"


def test_a_connector_file_of_another_name_wins_by_the_connectors_name(tmp_path: Path) -> None:
    (tmp_path / "connectors").mkdir()
    (tmp_path / "connectors" / "aaa.py").write_text(connector("feed", "mine"), encoding="utf-8")
    found = workspace.load_connectors(Workspace(tmp_path).search_path("connectors"))
    assert found["feed"].platforms == {"mine"}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import nothing_like_this", "ModuleNotFoundError"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("x = 1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_broken_connector_is_named_with_its_file(tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "connectors").mkdir()
    file = tmp_path / "connectors" / "mine.py"
    file.write_text(source, encoding="utf-8")
    with pytest.raises(BrokenConnectorError) as raised:
        workspace.load_connectors(Workspace(tmp_path).search_path("connectors"))
    assert str(file) in str(raised.value)
    assert said in str(raised.value)


def test_a_template_of_the_workspace_wins(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "intro.txt").write_text("Subject: Mine\n\nHello\n", encoding="utf-8")
    chosen = template.load(Workspace(tmp_path).search_path("templates"), "intro")
    assert (chosen.subject, chosen.body.strip()) == ("Mine", "Hello")
