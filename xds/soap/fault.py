"""SOAP faults as values.

Spec: SOAP 1.2 part 1 §5.4; WS-Addressing 1.0 SOAP binding §6; WS-Security core §12. Rendering is in
`xds.soap.envelope`; RegistryErrors are not faults and live in `xds.errors`.
"""

from enum import StrEnum


class FaultCode(StrEnum):
    """Local name of the SOAP 1.2 fault code."""

    SENDER = "Sender"
    RECEIVER = "Receiver"
    VERSION_MISMATCH = "VersionMismatch"
    MUST_UNDERSTAND = "MustUnderstand"


class SoapFault(Exception):  # noqa: N818 - the standard's own word
    """The one way in which a message that is no valid request ends.

    `reason` goes to the caller; `operator_detail` goes only to the operator's log and the audit
    trail; `subcode` is a name in Clark notation (`{uri}local`).
    """

    def __init__(
        self,
        code: FaultCode,
        reason: str,
        *,
        subcode: str | None = None,
        operator_detail: str = "",
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.subcode = subcode
        self.operator_detail = operator_detail

    @property
    def http_status(self) -> int:
        """400 for a Sender fault, 500 for every other. Spec: SOAP 1.2 part 2 §7.5.2.2."""
        return 400 if self.code is FaultCode.SENDER else 500
