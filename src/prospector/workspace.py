"""Where config, connectors, templates and the database lie: the user's workspace, then what ships."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TypeGuard

from prospector.sdk import Connector

CONNECTORS_PACKAGE = "prospector_connectors"


class WorkspaceError(Exception):
    """There is no workspace here; `prospector init DIR` makes one."""


def shipped() -> Path:
    """The folder that holds the shipped connectors/, templates/ and config.example.toml."""
    installed = Path(__file__).parent / "shipped"
    return installed if installed.is_dir() else Path(__file__).parents[2]


SANDBOX_MARK = "sandbox.json"


@dataclass(frozen=True)
class Workspace:
    """One folder with a config.toml; a file in it wins over a shipped one of the same name."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config.toml"

    @property
    def rules(self) -> Path:
        return self.root / "rules.toml"

    @property
    def database(self) -> Path:
        return self.root / "prospector.db"

    @property
    def lock(self) -> Path:
        return self.root / "prospector.lock"

    @property
    def sandbox(self) -> bool:
        """Whether the sandbox made it: then it may be deleted, and its pages show every state."""
        return (self.root / SANDBOX_MARK).is_file()

    def search_path(self, folder: str) -> list[Path]:
        return [path for path in (self.root / folder, shipped() / folder) if path.is_dir()]


def locate(chosen: Path | None = None) -> Workspace:
    """The workspace asked for, else `$PROSPECTOR_WORKSPACE`, else the nearest folder upwards with
    a config.toml, else `./prospector-workspace`. Raises `WorkspaceError` where there is none."""
    named = chosen or (Path(env) if (env := os.environ.get("PROSPECTOR_WORKSPACE")) else None)
    here = Path.cwd()
    candidates = [named] if named else [here, *here.parents, here / "prospector-workspace"]
    for folder in candidates:
        if (folder / "config.toml").is_file():
            return Workspace(folder.resolve())
    where = named or here
    raise WorkspaceError(f"{where} holds no config.toml. Make a workspace with `prospector init {where}`.")


def connectors_package(search_path: list[Path]) -> ModuleType:
    """A package made at run time whose path is the search path.

    So precedence, caching, tracebacks and `from ._shared import …` between connector files work
    by the ordinary import system. Calling it again with another path starts anew.
    """
    path = [str(folder) for folder in search_path]
    known = sys.modules.get(CONNECTORS_PACKAGE)
    if known is not None and list(known.__path__) == path:
        return known
    for name in [n for n in sys.modules if n == CONNECTORS_PACKAGE or n.startswith(CONNECTORS_PACKAGE + ".")]:
        del sys.modules[name]
    package = ModuleType(CONNECTORS_PACKAGE, "Connector files on the search path.")
    package.__path__ = path
    sys.modules[CONNECTORS_PACKAGE] = package
    importlib.invalidate_caches()
    return package


class BrokenConnectorError(Exception):
    """A connector file cannot be loaded; the message names the file."""


def load_connectors(search_path: list[Path]) -> dict[str, Connector]:
    """Every connector on the search path by its name; one in the workspace wins over a shipped one.

    Loading a file executes it: the workspace is trusted as its config is.
    """
    package = connectors_package(search_path)
    found: dict[str, Connector] = {}
    for module_name in _module_names(search_path):
        try:
            module = importlib.import_module(f"{package.__name__}.{module_name}")
        except (Exception, SystemExit) as error:
            files = (folder / f"{module_name}.py" for folder in search_path)
            file = next(file for file in files if file.exists())
            raise BrokenConnectorError(
                f"{file}: cannot be loaded: {type(error).__name__}: {error}"
            ) from error
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__ and _is_connector(value):
                found.setdefault(value.name, value())
    return found


def origin(connector: Connector) -> Path:
    """The file that a connector came from."""
    return Path(sys.modules[type(connector).__module__].__file__ or "")


def _module_names(search_path: list[Path]) -> list[str]:
    files = (file for folder in search_path for file in sorted(folder.glob("*.py")))
    return list(dict.fromkeys(file.stem for file in files if not file.stem.startswith("_")))


def _is_connector(value: type) -> TypeGuard[type[Connector]]:
    return all(hasattr(value, name) for name in ("name", "Settings", "can", "platforms", "poll"))
