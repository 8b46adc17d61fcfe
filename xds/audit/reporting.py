"""From a line of the trail to what the audit server gets: event, messages, syslog lines, frames.

Spec: ITI TF-2 §3.20.4.1.2, §3.20.7.
"""

import logging
from functools import partial
from pathlib import Path
from typing import Final

from xds.audit.dicom import messages_of
from xds.audit.forwarding import Forwarder, Rhythm
from xds.audit.message import write_message
from xds.audit.participants import Origin
from xds.audit.reading import event_of
from xds.audit.syslog import Connection, Credentials, Destination, frame, syslog_line
from xds.log import trace

log = logging.getLogger("greffe.audit")

TIMEOUT_SECONDS: Final = 30.0
"""For connecting, for one write, and for the other machine to take what was written."""


def frames_of(line: bytes, origin: Origin) -> bytes:
    """Return the frames of a line, one for each message.

    A line that cannot be told is logged and gives none: it must not hold up those after it, and
    `greffe audit verify` finds it.
    """
    try:
        event = event_of(line)
        return b"".join(
            frame(
                syslog_line(
                    write_message(message),
                    instant=event.instant,
                    host=origin.host,
                    app=message.source_id,
                    process=str(event.process or ""),
                )
            )
            for message in messages_of(event, origin)
        )
    except Exception as defect:  # noqa: BLE001 - one line, whatever is wrong with it
        log.error("a line of the trail cannot be forwarded: %s", trace(defect))  # noqa: TRY400
        return b""


def forwarder(
    trail: Path,
    *,
    destination: Destination,
    files: Credentials,
    origin: Origin,
    rhythm: Rhythm | None = None,
) -> Forwarder:
    """Return a forwarder of a trail to a server."""
    return Forwarder(
        trail,
        render=partial(frames_of, origin=origin),
        connect=partial(Connection, destination, files, TIMEOUT_SECONDS),
        name=str(destination),
        rhythm=rhythm,
    )
