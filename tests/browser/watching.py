"""What a page did that nobody saw: requests, complaints of the console, dialogs, and code that ran."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request


@dataclass
class Watch:
    """Notes of all pages of a context. `complaints` are what the console and the policy said."""

    address: str
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> Watch:
        context.on("request", self._request)
        context.on("console", self._console)
        context.on(
            "weberror",
            lambda error: self.complaints.append(f"{error.page and error.page.url}: {error.error}"),
        )
        context.on("dialog", self._dialog)
        return self

    def _request(self, request: Request) -> None:
        self.requests.append(request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.location.get('url')}: {message.text}")

    def _dialog(self, dialog: Dialog) -> None:
        if dialog.type == "beforeunload":
            dialog.accept()  # the page asks before it is left with something unsaved; a test means it
            return
        self.dialogs.append(f"{dialog.type}: {dialog.message}")
        dialog.dismiss()

    @property
    def outside(self) -> list[str]:
        """Addresses that were asked for on other hosts."""
        known = urlsplit(self.address).netloc
        parts = [(request.url, urlsplit(request.url)) for request in self.requests]
        return [
            url
            for url, part in parts
            if part.scheme in ("http", "https", "ws", "wss") and part.netloc != known
        ]

    def clear(self) -> None:
        self.requests.clear(), self.complaints.clear(), self.dialogs.clear()


def planted_code_ran(page: Page) -> bool:
    """Whether something of a payload was run: each of them would set this."""
    return bool(page.evaluate("window.__pwned !== undefined"))
