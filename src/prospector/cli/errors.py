"""What an error means for a person at the command line: one sentence, and an exit code."""

from __future__ import annotations

import typer

WRONG_USE, FAILURE = 2, 1


def told(error: Exception) -> tuple[str, int]:
    """The sentence and the exit code; an error that no person can mend is raised again."""
    if isinstance(error, typer.TyperException):
        return usage(error), WRONG_USE
    if isinstance(error, typer.Abort):
        return "Stopped.", FAILURE
    return _of_the_product(error)


def usage(error: typer.TyperException) -> str:
    """What typer complains about, and where the options are."""
    message = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    if context is None or not message:
        return message
    return f"{message.rstrip('.')}. See `{context.command_path} --help`."


def _of_the_product(error: Exception) -> tuple[str, int]:
    # A wrong option must not wait for the import of all this.
    from sqlalchemy.exc import SQLAlchemyError

    from prospector.config_errors import ConfigError
    from prospector.outreach.suppression import UnknownFormError
    from prospector.outreach.template import TemplateError
    from prospector.prospects.people import NotFoundError, TakenError
    from prospector.rules.format import RulesError
    from prospector.secrets import SecretError
    from prospector.store import StoreError, say
    from prospector.telemetry import redact
    from prospector.workspace import BrokenConnectorError, WorkspaceError

    misuses = (ConfigError, NotFoundError, TakenError, WorkspaceError, UnknownFormError, TemplateError)
    if isinstance(error, RulesError):
        sentence = "\n".join(problem.sentence("rules.toml") for problem in error.problems)
    elif isinstance(error, SQLAlchemyError):
        sentence = say(error)
    elif isinstance(error, OSError) and error.filename is not None:
        sentence = f"{error.filename}: {error.strerror}."
    elif isinstance(error, (*misuses, SecretError, StoreError, BrokenConnectorError)):
        sentence = str(error)
    else:
        raise error
    return redact(sentence), WRONG_USE if isinstance(error, misuses) else FAILURE
