"""What a server said no with, as one value whichever way it said it.

Spec: SOAP 1.2 part 1 §5.4 (faults); ITI TF-3 §4.2.4 (RegistryErrors).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from xds.errors import Complaint
from xds.namespaces import SOAP

_NAMES = {"soap": SOAP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One error or warning of a server."""

    kind: str
    """`fault` (the message was refused as such), `error` or `warning` (RegistryError)."""
    code: str
    """A RegistryError's errorCode; a fault's code, with its subcode after a slash."""
    text: str
    """codeContext, or the fault's reason."""
    location: str = ""

    @property
    def is_error(self) -> bool:
        """Whether the request, or the part of it that this is about, failed."""
        return self.kind != "warning"

    def as_json(self) -> dict[str, str]:
        """Return it as docs/json.md describes an error."""
        return {
            "kind": self.kind,
            "code": self.code,
            "text": self.text,
            "location": self.location,
        }


class FaultError(Exception):
    """A SOAP fault."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.text}")
        self.problem = problem


def problems_of(complaints: Iterable[Complaint]) -> tuple[Problem, ...]:
    """Return the errors and warnings of a RegistryResponse."""
    return tuple(
        Problem(
            kind="error" if c.is_error else "warning",
            code=str(c.code),
            text=c.code_context,
            location=c.location,
        )
        for c in complaints
    )


def fault_of(element: etree._Element) -> FaultError:
    """Return a soap:Fault as an error."""
    codes = (
        element.findtext("soap:Code/soap:Value", "", _NAMES),
        element.findtext("soap:Code/soap:Subcode/soap:Value", "", _NAMES),
    )
    named = [c.strip().rpartition(":")[2] for c in codes if c.strip()]
    return FaultError(
        Problem(
            kind="fault",
            code="/".join(named) or "Fault",
            text=element.findtext("soap:Reason/soap:Text", "", _NAMES).strip(),
        )
    )
