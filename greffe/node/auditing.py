"""What a serving process adds to its trail, and who forwards it: start, stop, the audit server.

Spec: ITI TF-2 §3.20.4.1.1.1 (Actor-start-stop), §3.20.4.1.1 (send, or store and send later).
"""

import logging
import os
import socket
from typing import Any, Final

from greffe.node.lease import Service
from greffe.node.server import StartError
from xds.audit.event import AuditEvent, Concerned, Occasion, Outcome
from xds.audit.forwarding import Forwarder
from xds.audit.participants import Origin
from xds.audit.reporting import forwarder
from xds.audit.syslog import Credentials, check_files
from xds.settings import Settings

log = logging.getLogger("greffe.audit")

FILES: Final = ("ca", "certificate", "key")


class Auditing:
    """One service's trail while it serves."""

    def __init__(self, service: Service, settings: Settings, parts: Any) -> None:
        """Prepare. Errors: StartError, naming the key of greffe.toml that is wrong."""
        self._service = service
        self._parts = parts
        self._forwarder = _forwarder(service, settings)

    def begin(self) -> None:
        """Trace the start, and forward from now on. Errors: OSError."""
        self._record(Occasion.START)
        if self._forwarder is not None:
            self._forwarder.start()

    def end(self) -> None:
        """Trace the stop, and let what is under way to the server arrive, for a bounded time."""
        try:
            self._record(Occasion.STOP)
        except OSError as error:
            log.error("the stop of the service cannot be traced: %s", error)  # noqa: TRY400
        if self._forwarder is not None:
            self._forwarder.stop()

    def _record(self, occasion: Occasion) -> None:
        self._parts.trail.record(
            AuditEvent(
                instant=self._parts.clock(),
                transaction=occasion,
                outcome=Outcome.SUCCESS,
                message_id="",
                peer="",
                caller=None,
                concerned=Concerned(),
                service=self._service,
                endpoint=self._parts.own_url,
                process=os.getpid(),
            )
        )


def _forwarder(service: Service, settings: Settings) -> Forwarder | None:
    """Return the forwarder that the settings ask for. Errors: StartError."""
    if settings.audit_syslog is None:
        return None
    files = _files(settings)
    return forwarder(
        settings.audit_folder / f"{service}.jsonl",
        destination=settings.audit_syslog,
        files=files,
        origin=origin_of(settings),
    )


def origin_of(settings: Settings) -> Origin:
    """Return how this node names itself in its messages."""
    return Origin(host=socket.gethostname(), site=settings.audit_site)


def _files(settings: Settings) -> Credentials:
    """Return the files of mutual TLS, which must be there at the start. Errors: StartError."""
    given = {name: getattr(settings, f"audit_{name}") for name in FILES}
    if missing := [f"[audit] {name}" for name, path in given.items() if path is None]:
        raise StartError(
            f"forwarding to {settings.audit_syslog} needs mutual TLS: greffe.toml lacks "
            f"{', '.join(missing)}. Fix: add it, or empty [audit] syslog"
        )
    files = Credentials(**given)
    try:
        check_files(files)
    except OSError as error:
        raise StartError(
            f"[audit] ca {files.ca}, certificate {files.certificate} or key {files.key} cannot be "
            f"used: {error}. Fix: name PEM files: an authority, a certificate and its key"
        ) from error
    return files
