"""The yardstick of ITI-18: one SQL statement on the same ledger, and as many bytes in the answer.

`GET /<patient>/<octets>`: reads the patient's fragments with plain sqlite3, pads or cuts them to
the length of our own answer, and sends them. No parsing, no assertion, no audit.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Any

SQL = (
    "SELECT fragment FROM document_entries WHERE patient_id = ? AND status = "
    "'urn:oasis:names:tc:ebxml-regrep:StatusType:Approved'"
)
_local = threading.local()


def app(environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]) -> Iterable:
    """Answer one query."""
    patient, _, octets = environ["PATH_INFO"].strip("/").rpartition("/")
    if not hasattr(_local, "connection"):
        _local.connection = sqlite3.connect(f"file:{os.environ['BENCH_LEDGER']}?mode=ro", uri=True)
    rows = _local.connection.execute(SQL, (patient,)).fetchall()
    if not rows:
        start("404 Not Found", [("Content-Length", "0")])
        return (b"",)
    answer = b"".join(row[0] for row in rows).ljust(int(octets))[: int(octets)]
    start("200 OK", [("Content-Type", "application/xml"), ("Content-Length", str(len(answer)))])
    return (answer,)
