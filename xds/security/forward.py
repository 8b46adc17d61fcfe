"""Cuts the caller's own assertion out of a message, byte for byte, to send it on.

Used where a Repository is configured to forward instead of to vouch. The slice is found by expat,
which knows octet positions; nothing is decided on it here: the gate has verified the message
before, and the next service verifies what it gets.

Spec: SAML Token Profile 1.1 §3.3; Exclusive XML Canonicalization 1.0 §1.3 (why context matters).
"""

import re
from typing import Final
from xml.parsers import expat

from lxml import etree

from xds.namespaces import SAML, XOP
from xds.security.header import find_assertion, standalone
from xds.soap.exchange import SoapRequest

_SEPARATOR: Final = " "
_ASSERTION: Final = f"{SAML}{_SEPARATOR}Assertion"
_START_TAG_NAME: Final = re.compile(rb"<[^\s/>]+")
_BYTE_ORDER_MARKS_16: Final = (b"\xff\xfe", b"\xfe\xff")


def own_assertion_octets(request: SoapRequest) -> bytes:
    """Return the request's assertion as it came, complete in itself.

    Byte for byte, except that a namespace declaration that it inherits from the envelope is
    written into its start tag: exclusive canonicalisation, and so the signature, does not see it.
    An assertion with XOP-optimised values, or in another encoding than UTF-8, is written anew.
    Errors: SoapFault, as the gate's, when there is no such assertion.
    """
    assertion = find_assertion(request.envelope)
    cut = _Cutter(request.envelope_octets).cut()
    if cut is None or XOP.encode() in cut[0]:
        return standalone(assertion)
    own, scope = cut
    name = _START_TAG_NAME.match(own)
    inherited = b"".join(
        _declaration(prefix, uri)
        for prefix, uri in scope.items()
        if uri and (not prefix or prefix.encode() in own)
    )
    if name is None or not inherited:
        return own
    return own[: name.end()] + inherited + own[name.end() :]


class _Cut(Exception):  # noqa: N818 - ends the reading early
    """The assertion's end was seen; the rest of the message is not read."""


class _Cutter:
    """One reading of a message by expat, up to the end of its assertion."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._is_utf8 = octets[:2] not in _BYTE_ORDER_MARKS_16 and 0 not in octets[:4]
        self._open: list[list[tuple[str, str]]] = []
        """Of every open element, the namespaces that it declares."""
        self._declared: list[tuple[str, str]] = []
        """Namespaces of the element that is about to begin."""
        self._start = self._end = -1
        self._depth = 0
        self._scope: dict[str, str] = {}

    def cut(self) -> tuple[bytes, dict[str, str]] | None:
        """Return the slice and the namespaces it inherits; None when positions mean nothing."""
        self._parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        self._parser.XmlDeclHandler = self._on_declaration
        self._parser.StartNamespaceDeclHandler = self._on_namespace
        self._parser.StartElementHandler = self._on_start
        self._parser.EndElementHandler = self._on_end
        try:
            self._parser.Parse(self._octets, True)
        except _Cut:
            pass
        except (expat.ExpatError, ValueError):
            return None
        if self._end < 0 or not self._is_utf8:
            return None
        return self._octets[self._start : self._end], self._scope

    def _on_declaration(self, _: str, encoding: str | None, __: int) -> None:
        self._is_utf8 &= (encoding or "utf-8").lower() in ("utf-8", "us-ascii", "ascii")

    def _on_namespace(self, prefix: str | None, uri: str | None) -> None:
        self._declared.append((prefix or "", uri or ""))

    def _on_start(self, name: str, _: dict[str, str]) -> None:
        own, self._declared = self._declared, []
        self._open.append(own)
        if self._start < 0 and name == _ASSERTION:
            self._start, self._depth = self._parser.CurrentByteIndex, len(self._open)
            inherited = dict(pair for declared in self._open[:-1] for pair in declared)
            self._scope = {p: u for p, u in inherited.items() if p not in dict(own)}

    def _on_end(self, _: str) -> None:
        if len(self._open) == self._depth:
            self._end = self._octets.index(b">", self._parser.CurrentByteIndex) + 1
            raise _Cut
        self._open.pop()


def _declaration(prefix: str, uri: str) -> bytes:
    probe = etree.Element("x")
    probe.set("u", uri)
    quoted = etree.tostring(probe, encoding="UTF-8").removeprefix(b"<x u=").removesuffix(b"/>")
    return b" xmlns" + (b":" + prefix.encode() if prefix else b"") + b"=" + quoted
