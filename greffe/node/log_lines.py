"""What a service logs, as lines on stderr: one message is one line, whatever a caller put into it.

A caller's own words reach the log (a MessageID, an action, the uniqueId it asks for). Written as
they come, a line break in them would let its sender write lines that look like ours. The trace of a
defect says where it happened, not the values it happened to (see `xds.log`).

Spec: none; CWE-117.
"""

import logging
import sys
from types import TracebackType
from typing import Final

from xds.log import trace

LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
LOG_TIME: Final = "%Y-%m-%dT%H:%M:%S%z"


class OneLine(logging.Formatter):
    """Escapes what is not printable in a message, line breaks first of all."""

    def __init__(self) -> None:
        super().__init__(LOG_FORMAT, LOG_TIME)

    def formatException(  # noqa: N802 - the base's name
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        """Return a defect's trace without what an exception quotes, which may be medical."""
        return trace(ei[1]) if ei[1] is not None else ""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base's name
        """Return the line without its trace."""
        if not record.message.isprintable():
            record.message = "".join(
                c if c.isprintable() else f"\\u{ord(c):04x}" for c in record.message
            )
        return super().formatMessage(record)


def log_to_stderr() -> None:
    """Log to stderr, everything of ours from INFO on, in place of whatever was set up before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine())
    logging.basicConfig(handlers=[handler], force=True)
    logging.getLogger("greffe").setLevel(logging.INFO)
