"""What is measured: the four transactions at the sizes that the design's targets name.

One connection, one request after the other: on a small machine client and server share the cores,
and a ratio of two such loops says more than a rate of many.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from urllib.parse import quote

from bench import messages, yardsticks
from bench.access import deciding
from bench.measure import Race, seconds_for_one
from bench.messages import Document, new_oid
from bench.node import Node
from bench.wire import Connection

KIB, MIB = 1024, 1024 * 1024
STORED = "fsynced file + one-row commit"
SIZES = (("10 KB", 10 * KIB, 40), ("1 MB", MIB, 15), ("100 MB", 100 * MIB, 1))
PROVIDE_TARGETS = {"10 KB": "<= 3.0 x", "1 MB": "<= 2.5 x", "100 MB": "<= 1.8 x"}
RETRIEVE_TARGETS = {"10 KB": "", "1 MB": ">= 50 %", "100 MB": ">= 90 %"}
QUERY_TARGETS = {1: "", 50: ">= 60 %", 1000: ">= 90 %"}
SUCCESS = b"ResponseStatusType:Success"


def provide(node: Node, folder: Path) -> Iterator[Race]:
    """ITI-41 of one document, MTOM, against what keeping the same bytes costs at least."""
    patient = node.add_patient(41)
    connection = Connection(node.repository_url)
    for name, size, times in SIZES:
        content = os.urandom(size)
        yield Race(
            name=f"ITI-41 {name}",
            ours=_providing(node, connection, patient, content),
            times=times,
            yardstick=STORED,
            held_against=_storing(folder / "yardstick", content, times),
            server=node.repository,
            octets=size,
            target=PROVIDE_TARGETS[name],
        )
    connection.close()


def register(node: Node, folder: Path) -> Iterator[Race]:
    """ITI-42 of one document entry, against a one-row commit beside a fsynced file of its bytes."""
    patient = node.add_patient(42)
    connection = Connection(node.registry_url)

    def one() -> None:
        document = _registered(node, new_oid())
        letter = messages.submission(patient, [document], node.domain)
        connection.soap(
            messages.envelope("urn:ihe:iti:2007:RegisterDocumentSet-b", node.security, letter)
        ).require(SUCCESS)

    size = len(messages.submission(patient, [_registered(node, new_oid())], node.domain))
    yield Race(
        name="ITI-42 1 entry",
        ours=one,
        times=40,
        yardstick=STORED,
        held_against=_storing(folder / "yardstick", os.urandom(size), 40),
        server=node.registry,
        octets=size,
    )
    connection.close()


def query(node: Node, _folder: Path) -> Iterator[Race]:
    """ITI-18 FindDocuments, LeafClass, against raw SQL plus the same bytes from the same server."""
    connection = Connection(node.registry_url)
    patients = {number: node.add_patient(18_000 + number) for number in QUERY_TARGETS}
    for number, patient in patients.items():
        _fill(node, connection, patient, number)
    url, server = yardsticks.sql_server(node.home / "registry" / "ledger.db")
    for number, patient in patients.items():
        request = messages.find_documents(node.security, patient)
        octets = connection.soap(request).require(SUCCESS).octets
        raw = Connection(f"{url}/{quote(patient, safe='')}/{octets}")
        times = 100 if number <= 50 else 20
        yield Race(
            name=f"ITI-18 {number}",
            ours=lambda request=request: connection.soap(request).require(SUCCESS),
            times=times,
            yardstick="raw SQL + same bytes, same server",
            held_against=lambda raw=raw, times=times: seconds_for_one(
                lambda: raw.get().require(), times
            ),
            server=node.registry,
            octets=octets,
            target=QUERY_TARGETS[number],
        )
    server.stop()
    connection.close()


def retrieve(node: Node, folder: Path) -> Iterator[Race]:
    """ITI-43 of one document, MTOM, against a server that only sends the file."""
    patient = node.add_patient(43)
    connection = Connection(node.repository_url)
    served = folder / "served"
    served.mkdir()
    what, url, stop = yardsticks.file_server(served)
    for name, size, times in SIZES:
        content, unique_id = os.urandom(size), new_oid()
        (served / unique_id).write_bytes(content)
        _providing(node, connection, patient, content, unique_id)()
        file = Connection(f"{url}/{unique_id}")
        request = messages.retrieve(node.security, node.repository_unique_id, unique_id)
        yield Race(
            name=f"ITI-43 {name}",
            ours=_retrieving(connection, request, size),
            times=times * 3,
            yardstick=what,
            held_against=_fetching(file, size, times * 3),
            server=node.repository,
            octets=size,
            target=RETRIEVE_TARGETS[name],
        )
        file.close()
    stop()
    connection.close()


SECTIONS: dict[str, Callable[[Node, Path], Iterator[Race]]] = {
    "iti41": provide,
    "iti42": register,
    "iti18": query,
    "iti43": retrieve,
    "access": deciding,
}


def _providing(
    node: Node, connection: Connection, patient: str, content: bytes, unique_id: str = ""
) -> Callable[[], None]:
    def one() -> None:
        document = Document(unique_id=unique_id or new_oid())
        letter = messages.submission(patient, [document], node.domain)
        envelope = messages.provide(node.security, letter, 1)
        connection.mtom(envelope, [memoryview(content)]).require(SUCCESS)

    return one


def _retrieving(connection: Connection, request: bytes, size: int) -> Callable[[], None]:
    def one() -> None:
        reply = connection.mtom(request).require()
        if reply.octets < size:
            raise SystemExit(
                f"bench: {reply.octets} octets for a document of {size}: {reply.head!r}"
            )

    return one


def _fetching(connection: Connection, size: int, times: int) -> Callable[[], float]:
    def one() -> None:
        if connection.get().require().octets != size:
            raise SystemExit("bench: the file server sent another size")

    return lambda: seconds_for_one(one, times)


def _storing(folder: Path, content: bytes, times: int) -> Callable[[], float]:
    return lambda: yardsticks.stored_seconds(folder, content, times)


def _registered(node: Node, unique_id: str) -> Document:
    return Document(
        unique_id=unique_id,
        sha1=hashlib.sha1(unique_id.encode(), usedforsecurity=False).hexdigest(),
        size_octets=len(unique_id),
        repository_unique_id=node.repository_unique_id,
    )


def _fill(node: Node, connection: Connection, patient: str, number: int) -> None:
    """Register so many documents for a patient, in sets of at most fifty."""
    left = number
    for _ in count():
        if not left:
            return
        some = min(left, 50)
        entries = [_registered(node, new_oid()) for _ in range(some)]
        letter = messages.submission(patient, entries, node.domain)
        connection.soap(
            messages.envelope("urn:ihe:iti:2007:RegisterDocumentSet-b", node.security, letter)
        ).require(SUCCESS)
        left -= some
