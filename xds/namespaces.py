"""Every XML namespace that Greffe reads or writes, once, with the prefix that its texts use.

Spec: ITI TF-2 Appendix V.3; ITI TF-3 §4.2.1. The prefixes here are those of every XPath in an
error's location (`docs/errors.md`), whatever prefixes the caller used.
"""

from typing import Final

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
WSA: Final = "http://www.w3.org/2005/08/addressing"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
XOP: Final = "http://www.w3.org/2004/08/xop/include"
XS: Final = "http://www.w3.org/2001/XMLSchema"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XML: Final = "http://www.w3.org/XML/1998/namespace"
RIM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
RS: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
LCM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
QUERY: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
XDSB: Final = "urn:ihe:iti:xds-b:2007"
RMD: Final = "urn:ihe:iti:rmd:2017"
HL7V3: Final = "urn:hl7-org:v3"
SAMLP: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
XACML: Final = "urn:oasis:names:tc:xacml:2.0:policy:schema:os"
XACML_CONTEXT: Final = "urn:oasis:names:tc:xacml:2.0:context:schema:os"
XACML_SAML: Final = "urn:oasis:xacml:2.0:saml:assertion:schema:os"
XACML_SAMLP: Final = "urn:oasis:xacml:2.0:saml:protocol:schema:os"
"""These two as the SeR supplement has them; the profile's errata has others, which nobody uses."""

PREFIXES: Final = {
    SOAP: "soap",
    WSA: "wsa",
    WSSE: "wsse",
    WSU: "wsu",
    SAML: "saml",
    DS: "ds",
    XOP: "xop",
    XSI: "xsi",
    RIM: "rim",
    RS: "rs",
    LCM: "lcm",
    QUERY: "query",
    XDSB: "xds",
    RMD: "rmd",
    HL7V3: "hl7",
    SAMLP: "samlp",
    XACML: "xacml",
    XACML_CONTEXT: "context",
    XACML_SAML: "xacmlsaml",
    XACML_SAMLP: "xacmlsamlp",
}


def local(clark: str) -> str:
    """Return the local name of a name in Clark notation: `{urn:x}Name` or `Name` -> `Name`."""
    return clark.rpartition("}")[2]


def prefixed(clark: str) -> str:
    """Return a Clark name with this project's prefix; `Q{uri}local` (XPath 3) when unknown."""
    if not clark.startswith("{"):
        return clark
    uri, _, name = clark[1:].rpartition("}")
    prefix = PREFIXES.get(uri)
    return f"{prefix}:{name}" if prefix else f"Q{{{uri}}}{name}"
