"""What import-linter cannot see: connectors, undeclared packages, and new modules in no contract."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONNECTORS = sorted((ROOT / "connectors").glob("*.py"))
STORES = {"sqlmodel", "sqlalchemy"}
DECIDING = ("rules", "queue", "outreach", "polling", "prospects", "mail")


def imports(path: Path) -> Iterator[str]:
    """The absolute modules that a file imports anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def contract(name: str) -> dict[str, list[str]]:
    found = PROJECT["tool"]["importlinter"]["contracts"]
    chosen: dict[str, list[str]] = next(one for one in found if one["name"] == name)
    return chosen


@pytest.mark.parametrize("path", CONNECTORS, ids=lambda path: path.name)
def test_a_connector_imports_only_the_sdk_and_mail(path: Path) -> None:
    ours = {name for name in imports(path) if name.split(".")[0] == "prospector"} - {"prospector"}
    assert {name for name in ours if not name.startswith(("prospector.sdk", "prospector.mail"))} == set()


@pytest.mark.parametrize("path", CONNECTORS, ids=lambda path: path.name)
def test_a_connector_opens_no_way_out_of_its_own_over_http(path: Path) -> None:
    ways = {"httpx", "aiohttp", "requests", "urllib.request", "http.client", "urllib3"}
    assert ways.isdisjoint(imports(path))


def test_every_module_of_the_domain_is_pure_or_works_on_the_store() -> None:
    """A new module that touches no table must be put under the contract of what decides."""
    pure = contract("What decides neither reads, writes nor waits")["source_modules"]
    for folder in DECIDING:
        for path in sorted((ROOT / "src" / "prospector" / folder).glob("[!_]*.py")):
            name = f"prospector.{folder}.{path.stem}"
            held = any(name == one or name.startswith(one + ".") for one in pure)
            stores = {one.split(".")[0] for one in imports(path)} & (STORES | {"asyncio"})
            assert held or stores, f"put {name} under the contract in pyproject.toml"


def test_every_package_that_is_imported_is_declared() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    wanted = [*PROJECT["project"]["dependencies"], *(one for extra in extras for one in extra)]
    declared = {plain(re.split(r"[\[<>=,; ]", one)[0]) for one in wanted}
    distributions = packages_distributions()
    for path in [*(ROOT / "src").rglob("*.py"), *CONNECTORS]:
        for package in {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names:
            known = {plain(one) for one in distributions.get(package, [])}
            assert package == "prospector" or known & declared, f"{path.name} imports {package}"


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
