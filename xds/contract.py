"""The project's own WSDLs and schemas: served to callers, and made into validators.

Spec: ITI TF-2 §3.18.5, §3.41.5, §3.42.5, §3.43.5, §3.44.4.1.4.1, Appendix V.3.2.1 (what a WSDL
says); SeR supplement §3.79.4; WSDL 1.1 with its binding for SOAP 1.2. The files are `wsdl/*.wsdl`
and `schemas/*.xsd`; this module fills in addresses and nothing else. It reads these files and no
others, and never the network.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import parse_qsl, quote

from lxml import etree

from xds import namespaces as ns

__all__ = [
    "AUTHORISATIONS_BODY",
    "DECISION_BODY",
    "EVERY_BODY",
    "FEED_BODY",
    "MY_RECORDS_BODY",
    "RECORD_BODY",
    "SCHEMA_FILES",
    "SERVED_SCHEMAS",
    "ServedFile",
    "Service",
    "load_schema",
    "served",
]

Service = Literal[
    "registry",
    "repository",
    "patients",
    "decisions",
    "records",
    "habilitations",
    "patientsSpecific",
]
"""`patients` is the Registry as a receiver of patient identities, `decisions` as the one who says
what a Repository may give: the same actor with WSDLs of their own, so that clients of the XDS.b
operations are generated without HL7 v3 and XACML. Where patients decide who sees their records,
`records` takes the place of `patients`, and the last two are the DMP's services of these names."""

WSDL_FILES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "registry": "DocumentRegistry.wsdl",
        "repository": "DocumentRepository.wsdl",
        "patients": "PatientIdentityFeed.wsdl",
        "decisions": "AuthorizationDecisions.wsdl",
        "records": "Patients.wsdl",
        "habilitations": "Habilitations.wsdl",
        "patientsSpecific": "PatientsSpecific.wsdl",
    }
)
SCHEMA_FILES: Final = (
    "xml.xsd",
    "rim.xsd",
    "rs.xsd",
    "lcm.xsd",
    "query.xsd",
    "XDS.b_DocumentRepository.xsd",
    "RMD.xsd",
)
EVERY_BODY: Final = "RMD.xsd"
"""The schema that leads to all others: a validator of it knows every body of XDS.b and of RMD."""

FEED_BODY: Final = "PatientIdentityFeed.xsd"
"""The schema that knows every body of ITI-44."""

DECISION_BODY: Final = "xacml-saml-protocol.xsd"
"""The schema that knows both bodies of ITI-79."""
DECISION_SCHEMAS: Final = (
    DECISION_BODY,
    "saml-protocol.xsd",
    "saml-assertion.xsd",
    "xacml-saml-assertion.xsd",
    "xacml-context.xsd",
    "xacml-policy.xsd",
)
RECORD_BODY: Final = "PatientRecordAnswers.xsd"
"""The schema that knows every body at /patients of a domain with an access policy."""
AUTHORISATIONS_BODY: Final = "Habilitations.xsd"
MY_RECORDS_BODY: Final = "PatientsSpecific.xsd"
RECORD_SCHEMAS: Final = (RECORD_BODY, "PatientRecord.xsd", AUTHORISATIONS_BODY, MY_RECORDS_BODY)
SERVED_SCHEMAS: Final = (*SCHEMA_FILES, FEED_BODY, *DECISION_SCHEMAS, *RECORD_SCHEMAS)

# text/xml and not application/wsdl+xml: older generators of clients refuse what they do not know.
CONTENT_TYPE: Final = "text/xml; charset=utf-8"

WSDL_SOAP12: Final = "http://schemas.xmlsoap.org/wsdl/soap12/"
_ADDRESS: Final = f"{{{WSDL_SOAP12}}}address"
_REFERENCES: Final = (f"{{{ns.XS}}}import", f"{{{ns.XS}}}include")

# What may stand in a URL before its query (RFC 3986 §2.2), and % for what is escaped already.
_URL_CHARACTERS: Final = "%:/[]@!$&'()*+,;=-._~"
_MAX_QUERY_FIELDS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedFile:
    """A file of the contract with the addresses of this service in it, ready to be sent."""

    content_type: str
    body: bytes


def served(query_string: str, own_url: str, service: Service) -> ServedFile | None:
    """Answer `?wsdl` and `?xsd=NAME` with the file, or None when the query names none of ours.

    `own_url` is the address by which the caller reached the service, without a query: it becomes
    the address of the port and the stem of every schemaLocation, which is absolute, because several
    generators of clients resolve a relative one wrongly. It may come from a hostile Host header:
    what cannot stand in a URL is percent-encoded here, and XML escapes the rest.

    Spec: WSDL 1.1 §3.8 (soap:address); XML Schema part 1 §4.3.2 (schemaLocation).
    Errors: none; an unknown or malformed query is None, which the caller turns into HTTP 404.
    """
    name = _wanted(query_string, service)
    if name is None:
        return None
    url = quote(own_url, safe=_URL_CHARACTERS, errors="replace")
    root = etree.fromstring(_read(name), _parser())
    for element in root.iter(_ADDRESS):
        element.set("location", url)
    for element in root.iter(*_REFERENCES):
        schema = element.get("schemaLocation", "").rpartition("/")[2]
        element.set("schemaLocation", f"{url}?xsd={schema}")
    body = etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)
    return ServedFile(content_type=CONTENT_TYPE, body=body)


def load_schema(name: str = EVERY_BODY) -> etree.XMLSchema:
    """Return the validator of a schema of the project, made once in each thread.

    In each thread and not in the process, because lxml keeps the complaints of the last validation
    on the validator itself: two threads that shared one would read each other's.

    What a schema imports is read by its path, without a resolver of ours. Why: libxml2 has one
    loader of files for the process. lxml sets it for as long as it parses and then resets it, in
    whatever thread; a resolver in Python lets other threads run in between, after which what is
    still to be imported is not found. And one validator is made at a time: the first one makes
    libxml2's own table of types, which it does not keep others from reading half made.

    Spec: XML Schema 1.0, as libxml2 implements it.
    Errors: KeyError when `name` is not in SERVED_SCHEMAS.
    """
    made: dict[str, etree.XMLSchema] = _made.__dict__.setdefault("validators", {})
    if name not in made:
        octets = _read(name)
        with _making, resources.as_file(resources.files("schemas")) as folder:
            base_url = (Path(folder) / name).as_uri()
            made[name] = etree.XMLSchema(etree.fromstring(octets, _parser(), base_url=base_url))
    return made[name]


_made = threading.local()
_making = threading.Lock()


def _parser() -> etree.XMLParser:
    return etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)


def _wanted(query_string: str, service: Service) -> str | None:
    """Return the file that a query asks for; keys in any case, `wsdl` with or without `=`."""
    try:
        fields = parse_qsl(
            query_string,
            keep_blank_values=True,
            max_num_fields=_MAX_QUERY_FIELDS,
        )
    except ValueError:
        return None
    asked = {key.lower(): value for key, value in reversed(fields)}
    if "wsdl" in asked:
        return WSDL_FILES[service]
    name = asked.get("xsd")
    return name if name in SERVED_SCHEMAS else None


def _read(name: str) -> bytes:
    if name in SERVED_SCHEMAS:
        return resources.files("schemas").joinpath(name).read_bytes()
    if name in WSDL_FILES.values():
        return resources.files("wsdl").joinpath(name).read_bytes()
    raise KeyError(name)
