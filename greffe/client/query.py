"""Registry Stored Query [ITI-18], as a Document Consumer: zeep on the WSDL that the server gives.

Spec: ITI TF-2 §3.18.4.1.2 (queries, how their values are written), TF-3 §4.2. The answer is read by
our own ebRIM reader: zeep knows no substitution groups.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import requests
import zeep
import zeep.exceptions
from lxml import etree

from greffe.client.exchange import CONNECT_SECONDS, SILENCE_SECONDS, expect, payload_of
from greffe.exits import UnreachableError
from xds.ebrim.response import RegistryAnswer, read_registry_response
from xds.errors import ErrorCode
from xds.metadata import vocabulary as v
from xds.namespaces import QUERY

ACTION: Final = "urn:ihe:iti:2007:RegistryStoredQuery"
FIND_DOCUMENTS: Final = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
GET_ALL: Final = "urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3"
GET_ASSOCIATIONS: Final = "urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155"
GET_FOLDERS: Final = "urn:uuid:5737b14c-8a1a-4539-b659-e03a34a5e1e4"
GET_DOCUMENTS: Final = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
GET_SUBMISSION_SET_AND_CONTENTS: Final = "urn:uuid:e8e3cb2c-e39c-46b9-99e4-c12f57260b83"

Slots = Mapping[str, Sequence[str]]
"""Parameter name → its values, each as it is written in a rim:Value."""
_ZEEP: Final[Any] = zeep
"""zeep without its half of types."""
log = logging.getLogger("greffe.client")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One stored query."""

    query_id: str
    slots: Slots
    return_type: str = "LeafClass"


def literal(text: str) -> str:
    """Return a text as a single value. Spec: ITI TF-2 §3.18.4.1.2.3.5."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Sequence[str]) -> str:
    """Return texts as a list, of which any may match."""
    return "(" + ",".join(map(literal, texts)) + ")"


def get_documents(unique_ids: Sequence[str]) -> Query:
    """Return GetDocuments for uniqueIds, or for entryUUIDs where a text begins with urn:uuid:."""
    names = {True: "$XDSDocumentEntryEntryUUID", False: "$XDSDocumentEntryUniqueId"}
    found: dict[str, list[str]] = {}
    for one in unique_ids:
        found.setdefault(names[one.startswith(v.UUID_URN)], []).append(one)
    return Query(query_id=GET_DOCUMENTS, slots={n: (literals(t),) for n, t in found.items()})


def ask_for_documents(url: str, security: bytes, unique_ids: Sequence[str]) -> RegistryAnswer:
    """Return the DocumentEntries of uniqueIds, whosever they are. Errors: as `ask`.

    Why: a Registry answers with entries of one patient only (XDSResultNotSinglePatient); then the
    documents are asked for one by one.
    """
    answer = ask(url, security, get_documents(unique_ids))
    codes = {c.code for c in answer.complaints}
    if ErrorCode.XDS_RESULT_NOT_SINGLE_PATIENT not in codes or len(unique_ids) == 1:
        return answer
    answers = [ask(url, security, get_documents([one])) for one in unique_ids]
    return RegistryAnswer(
        status=next((a.status for a in answers if not a.succeeded), answers[0].status),
        complaints=tuple(c for a in answers for c in a.complaints),
        objects=tuple(o for a in answers for o in a.objects),
    )


def ask(url: str, security: bytes, query: Query) -> RegistryAnswer:
    """Send a query. Errors: FaultError; UnreachableError."""
    client = _client(url)
    operation = _operation(client, url)
    try:
        with client.settings(raw_response=True):
            response: requests.Response = operation(
                ResponseOption={"returnType": query.return_type, "returnComposedObjects": True},
                AdhocQuery={
                    "id": query.query_id,
                    "Slot": [
                        {"name": name, "ValueList": {"_value_1": [{"Value": v} for v in values]}}
                        for name, values in query.slots.items()
                    ],
                },
                _soapheaders=[etree.fromstring(security)],
            )
    except requests.RequestException as error:
        raise UnreachableError(f"{url} does not answer: {reason(error)}") from error
    payload = payload_of(response.content, url, response.status_code)
    return read_registry_response(expect(payload, f"{{{QUERY}}}AdhocQueryResponse", url))


@lru_cache(maxsize=4)
def _client(url: str) -> Any:
    """Return a client made from the server's WSDL; from ours when the server gives none."""
    transport = _ZEEP.Transport(timeout=CONNECT_SECONDS, operation_timeout=SILENCE_SECONDS)
    # Straight to the address that was given, as ITI-41 and ITI-43 go: no proxy, no .netrc.
    transport.session.trust_env = False
    settings = _ZEEP.Settings(strict=False)
    try:
        return _ZEEP.Client(f"{url}?wsdl", transport=transport, settings=settings)
    except requests.ConnectionError as error:
        raise UnreachableError(f"{url} does not answer: {reason(error)}") from error
    except (requests.RequestException, zeep.exceptions.Error, etree.XMLSyntaxError) as error:
        log.warning("%s gives no WSDL that can be used (%s); using ours", url, type(error).__name__)
        with resources.as_file(resources.files("wsdl")) as folder:
            path = Path(folder) / "DocumentRegistry.wsdl"
            return _ZEEP.Client(str(path), transport=transport, settings=settings)


def _operation(client: Any, url: str) -> Any:
    """Return the operation of this action, whatever the WSDL calls it, at this address.

    Errors: UnreachableError.
    """
    for name, binding in client.wsdl.bindings.items():
        for operation in binding.all().values():
            if getattr(operation.abstract, "wsa_action", "") == ACTION or (
                operation.name.endswith("RegistryStoredQuery")
            ):
                # A WSDL may name the address of a test laboratory; ours is the one that was given.
                return client.create_service(name, url)[operation.name]
    raise UnreachableError(
        f"{url}?wsdl describes no operation with the action {ACTION}: is it a Registry?"
    )


def reason(error: Exception) -> str:
    """Return what happened in a few words; the library's texts carry object addresses."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        inner = [
            a for a in (getattr(cause, "reason", None), *cause.args) if isinstance(a, BaseException)
        ]
        cause = inner[0] if inner else cause.__cause__ or cause.__context__
    return type(error).__name__
