"""Opens a service's application in the process that serves it, and says why when it cannot.

Spec: none. Everything that may be wrong with a home comes out here, at the start and in one line;
only a defect of ours leaves a trace in the log.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

from greffe.exits import CommandError
from greffe.node.auditing import Auditing
from greffe.node.lease import Service
from greffe.node.server import StartError
from xds.settings import Settings

log = logging.getLogger("greffe.serve")

_PARTS: Final = {
    "registry": ("registry.bootstrap", "open_registry", "registry.app"),
    "repository": ("repository.bootstrap", "open_repository", "repository.app"),
}
DATABASE_KEYS: Final[dict[Service, str]] = {
    "registry": "database_url",
    "repository": "vault_index_url",
}
"""Which key of greffe.toml names the database of a service."""


class Opened:
    """A service's WSGI callable, and how to close what it holds."""

    def __init__(self, app: Any, parts: Any, auditing: Auditing) -> None:
        self._app = app
        self.parts = parts
        self._auditing = auditing

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Pass a request on."""
        return self._app(environ, start_response)

    def start(self) -> None:
        """Begin what runs beside the requests."""
        start = getattr(self.parts, "start", None)
        if start is not None:
            start()

    def close(self) -> None:
        """Close stores and the trail."""
        self._auditing.end()
        self.parts.close()


def open_service(service: Service, settings: Settings, url: str) -> Opened:
    """Open a service. Errors: StartError, naming what is wrong.

    Why by name: a process of one service does not load the other one's code.
    """
    bootstrap, opener, app = _PARTS[service]
    try:
        parts = getattr(import_module(bootstrap), opener)(settings, own_url=url)
        made = import_module(app).make_app(parts)
        auditing = Auditing(service, settings, parts)
        auditing.begin()
        return Opened(made, parts, auditing)
    except StartError:
        raise
    except Exception as error:
        if not _explains_itself(error):
            log.exception("the %s cannot be opened", service)
        raise StartError(_reason(error, DATABASE_KEYS[service])) from error


@contextmanager
def ledger_of(settings: Settings) -> Iterator[Any]:
    """Open the Registry's ledger beside the node that may be serving it.

    Errors: CommandError, naming what is wrong.
    """
    try:
        ledger = import_module("registry.ledger.sql").open_ledger(settings.database_url)
        try:
            yield ledger
        finally:
            ledger.close()
    except Exception as error:
        if not _explains_itself(error):
            raise
        reason = _reason(error, DATABASE_KEYS["registry"])
        raise CommandError(f"the ledger cannot be used: {reason}") from error


def _explains_itself(error: Exception) -> bool:
    """Return whether an error is about the home and not a defect of this program."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in {
        *("xds", "registry", "repository", "dmp"),
        "sqlalchemy",
        "psycopg",
    }


def _reason(error: Exception, database_key: str) -> str:
    """Return the first line of what an error says; databases add advice and links below it."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {(error.strerror or str(error)).lower()}"
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    if type(error).__module__.startswith("sqlalchemy"):
        return f"{said}. Fix: correct `{database_key}` in greffe.toml, or start that database"
    return said
