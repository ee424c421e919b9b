"""Puts connectors/, templates/ and config.example.toml into the wheel as `prospector/shipped/`.

Only for standard wheels: an editable install reads them where they lie, so nothing goes stale.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = ("connectors", "templates", "config.example.toml")


class ShippedFiles(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            root = Path(self.root)
            build_data["force_include"].update(
                {str(root / name): f"prospector/shipped/{name}" for name in SHIPPED}
            )
