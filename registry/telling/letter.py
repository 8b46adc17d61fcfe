"""One letter to a patient: what there is to tell, and the message that tells it. Pure.

The message says that the record was opened in an emergency, when, in which mode, by which
profession and structure. It names no patient, no document, no specialty and not the caller's
reason, which is free text about the patient's state. Every octet follows from the letter and the
style, so that a letter that is sent again is the same message.

Spec: RFC 5322 (Message-ID, Date), RFC 3834 §5 (Auto-Submitted), RFC 2046. What carries it is
`registry.telling.smtp`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from registry.telling.words import words
from xds.access.model import Mode

MAX_ADDRESS: Final = 254
MAX_LOCAL_PART: Final = 64
_ADDRESS: Final = re.compile(
    r"(?P<local>[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_STRUCTURE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:.^&_-]{0,63}")
"""What is no identifier, but a sentence or an address to click, is not passed on."""
DTM: Final = "%Y%m%d%H%M%S"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Something to tell one patient."""

    message_id: str
    """With its angle brackets; never another one for the same letter."""
    patient_id: str
    """For the operator's list; not in the message."""
    address: str
    language: str
    instant: str
    """Of the access: 14 digits, UTC."""
    role: str
    """A word of `dmp.professions`, '' for any other profession."""
    structure: str
    mode: Mode
    caller: str
    """Who opened it, as a digest: to know one who comes again. Not in the message."""

    @property
    def reference(self) -> str:
        """What the patient can quote and the operator can find."""
        return self.message_id[1:9].upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What is the same in every letter of a node."""

    sender: Address
    contact: str
    """The operator's own last words: whom to call, where the log can be read; '' for none."""
    zone: tzinfo
    together_minutes: int = 0
    """For how long one caller's further accesses are told by the first letter alone."""


def address_complaint(address: str) -> str:
    """Return what is wrong with an e-mail address, '' for one that can be written to.

    Spec: RFC 5321 §4.1.2, §4.5.3.1, without quoted local parts, literals and SMTPUTF8.
    """
    met = _ADDRESS.fullmatch(address)
    if not met:
        return "it is no e-mail address of ASCII letters, such as name@example.org"
    if len(address) > MAX_ADDRESS or len(met["local"]) > MAX_LOCAL_PART:
        return f"it is longer than {MAX_ADDRESS} characters, or {MAX_LOCAL_PART} before the @"
    return ""


def compose(letter: Letter, style: Style) -> EmailMessage:
    """Return the message. Errors: ValueError for an address with `address_complaint`."""
    if complaint := address_complaint(letter.address):
        raise ValueError(complaint)
    said = words(letter.language)
    instant = datetime.strptime(letter.instant, DTM).replace(tzinfo=UTC)
    message = EmailMessage(policy=SMTP)
    message["From"] = style.sender
    message["To"] = Address(addr_spec=letter.address)
    message["Subject"] = said.subject
    message["Date"] = instant
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    facts = [said.by.format(who=said.professions.get(letter.role, said.professions[""]))]
    if _STRUCTURE.fullmatch(letter.structure):
        facts.append(said.structure.format(structure=letter.structure))
    paragraphs = [
        said.greeting,
        said.opened.format(
            when=said.moment(instant.astimezone(style.zone)), mode=said.modes[letter.mode]
        ),
        "\n".join(facts),
        said.together.format(minutes=style.together_minutes) if style.together_minutes else "",
        said.log,
        style.contact.strip(),
        f"{said.reply}\n{said.reference.format(reference=letter.reference)}",
    ]
    # Why quoted-printable: no server has to understand 8 bits, and no line is long.
    message.set_content(
        "\n\n".join(p for p in paragraphs if p) + "\n", charset="utf-8", cte="quoted-printable"
    )
    message["Content-Language"] = said.tag
    return message
