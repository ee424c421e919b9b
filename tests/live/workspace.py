"""A workspace of prospector on the real servers, worked on through the command line alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.live.bluesky_person import BlueskyPerson
from tests.live.mail_servers import PASSWORD, MailServers

CONFIG = """
[sender]
name = "Uta Us"
email = "{us}"
company = "Us"
postal_address = "1 Loopback Lane, Testing"

[web]
port = {web}

[outreach]
hold = "0s"
gap = "0s"
window = {{ always = true }}

[accounts.bluesky]
private = true
handle = "{handle}"
password = "env:BLUESKY_PASSWORD"
service = "{pds}"

[accounts.mail]
address = "{us}"
password = "env:MAIL_PASSWORD"
imap_host = "{mail.host}"
imap_port = {mail.imaps}
smtp_host = "{mail.host}"
smtp_port = {mail.submission}
ca = "{mail.certificate}"
"""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with accounts on both networks; each command is a process of its own."""

    folder: Path
    address: str
    secrets: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.secrets, "PROSPECTOR_WORKSPACE": str(self.folder)}

    def command(self, *arguments: str) -> list[str]:
        """The command line of `prospector` with these arguments."""
        return [str(Path(sys.executable).parent / "prospector"), *arguments]

    def run(self, *arguments: str) -> str:
        """Run a command; what it printed. Fails with its complaint if it fails."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"prospector {' '.join(arguments)}: {done.stderr}{done.stdout}"
        return done.stdout

    def ask(self, *arguments: str) -> Any:
        """Run a command with `--json`; what it answered."""
        return json.loads(self.run(*arguments, "--json"))


def make(folder: Path, us: BlueskyPerson, mail: MailServers, web: int) -> Workspace:
    """A workspace as `prospector init` makes it, with our accounts put into its configuration."""
    secrets = {"BLUESKY_PASSWORD": us.app_password(), "MAIL_PASSWORD": PASSWORD}
    # A mailbox of its own: others would find the answers to their mails in it.
    address = f"{us.handle.removesuffix('.test')}@us.test"
    mail.add_mailbox(address)
    workspace = Workspace(folder, address, secrets)
    workspace.run("init", str(folder))
    config = CONFIG.format(us=address, handle=us.handle, pds=us.network.pds, mail=mail, web=web)
    (folder / "config.toml").write_text(config)
    return workspace
