"""VIHF, France's assertion about a health professional.

VIHF: vecteur d'identification et d'habilitation formelles.

Differences from XUA, as real messages have them: neither Conditions nor SubjectConfirmation is
required (both are verified whenever present), so freshness is IssueInstant within a window; Issuer
is the subject of the signing certificate; the case of Authentification_Mode varies, and may of the
emergency's reason; doctors and pharmacists must give a second role value; versions 3.0 and 4.0.

Spec: CI-SIS, volet Transport synchrone pour client lourd; DMP interface guide (VIHF 3.0). Which
profession may do what is an access decision and not made here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from xds.domain import AffinityDomain
from xds.errors import quote
from xds.security.caller import Caller, CodedValue
from xds.security.claims import Claims
from xds.security.conditions import Rules
from xds.security.names import name_of, parse_name
from xds.security.profile import (
    PURPOSE_OF_USE,
    RESOURCE_ID,
    ROLE,
    SUBJECT_ID,
    AssertionProfile,
    ProfileSettings,
    coded,
    only_text,
)
from xds.security.refusal import unfit
from xds.security.trust import Signatory, TrustError
from xds.security.xua import Xua

VERSION: Final = "VIHF_Version"
STRUCTURE: Final = "Identifiant_Structure"
SECTOR: Final = "Secteur_Activite"
MODE: Final = "Authentification_Mode"
RESOURCE_URN: Final = "Ressource_URN"
REASON: Final = "Mode_Acces_Raison"
"""Why the glass is broken, unless the domain names another attribute: no public text does."""
SOFTWARE_ID: Final = "LPS_ID"
SOFTWARE_NAME: Final = "LPS_Nom"
SOFTWARE_VERSION: Final = "LPS_Version"
SOFTWARE_APPROVAL: Final = "LPS_ID_HOMOLOGATION_DMP"

G15: Final = "1.2.250.1.71.1.2.7"
G16: Final = "1.2.250.1.71.1.2.8"
R38: Final = "1.2.250.1.71.4.2.5"
G05: Final = "1.2.250.1.71.4.2.6"
A00: Final = "1.2.250.1.213.1.1.4.6"
DOCTOR: Final = "10"
PHARMACIST: Final = "21"

PROFESSIONS: Final = MappingProxyType(
    {
        G15: re.compile(r"10|21|26|28|3[125-9]|40|50|60|69|70|8[0-6]|9[124568]"),
        G16: re.compile(r"[0-9]{2}"),
        A00: re.compile(r"ALIM_AM|DISPOSITIF|EXP_PATIENT|SECRETARIAT_MEDICAL|AUTOMATE"),
    }
)
"""Systems that a first role value may be from, each with the shape of its codes."""
SPECIALTIES: Final = MappingProxyType(
    {
        DOCTOR: (R38, re.compile(r"(?:SM|SCD|PAC|CEX|SCH|SI|C|CAPA|DSM)[0-9]{2,3}")),
        PHARMACIST: (G05, re.compile(r"[A-EGHM]|D[AM]|E[ABCDGH]")),
    }
)
"""Professions of G15 that must give a second role value, and where it comes from."""

PURPOSES: Final = frozenset({"normal", "bris_de_glace", "centre_15"})
PURPOSE_SYSTEM: Final = "1.2.250.1.213.1.1.4.248"
PURPOSE_SYSTEMS: Final = frozenset({PURPOSE_SYSTEM, "1.2.250.1.213.1.1.4.336"})
"""The second is where the terminology server publishes the same list now (TRE_R248)."""

NO_CODE: Final = CodedValue(code="")
MODES: Final = MappingProxyType(
    {
        "DIRECTE": "direct",
        "INDIRECTE": "indirect",
        "INDIRECTE_RENFORCEE": "indirect_renforcee",
    }
)
"""On the wire, and in `Caller`."""
_REQUIRED: Final = (
    VERSION,
    STRUCTURE,
    SECTOR,
    MODE,
    RESOURCE_URN,
    SOFTWARE_NAME,
    SOFTWARE_VERSION,
    SOFTWARE_APPROVAL,
)
_TAKEN: Final = (*_REQUIRED, SUBJECT_ID, RESOURCE_ID, ROLE, PURPOSE_OF_USE, SOFTWARE_ID)
"""Attributes that mean something else already."""
DEFAULT_WINDOW_SECONDS: Final = 3600


def _rules(window_seconds: int) -> Rules:
    return Rules(
        requires_conditions=False,
        requires_audience=False,
        requires_confirmation=False,
        requires_authentication=True,
        window_seconds=window_seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vihf:
    """The VIHF profile."""

    rules: Rules = field(default_factory=lambda: _rules(DEFAULT_WINDOW_SECONDS))
    legacy_algorithms: tuple[str, ...] = ()
    versions: tuple[str, ...] = ("3.0", "4.0")
    resource_urns: tuple[str, ...] = ("urn:dmp",)
    optional_attributes: tuple[str, ...] = ()
    """Required attributes that the domain does without."""
    reason_attribute: str = REASON
    """Attribute that says why it is an emergency."""
    bind_signer: bool = False
    """Whether the signing certificate must be the subject's (direct) or the structure's
    (indirect)."""
    name: str = "vihf"

    @classmethod
    def from_settings(cls, declared: Mapping[str, object], *, bind_signer: bool) -> "Vihf":
        """Read the domain's `[assertion]` table. Errors: TrustError."""
        settings = ProfileSettings(declared)
        return cls(
            rules=_rules(settings.seconds("window_seconds", DEFAULT_WINDOW_SECONDS)),
            legacy_algorithms=settings.texts("legacy_algorithms", ()),
            versions=settings.texts("versions", ("3.0", "4.0")),
            resource_urns=settings.texts("resource_urns", ("urn:dmp",)),
            optional_attributes=settings.texts("optional_attributes", ()),
            reason_attribute=settings.attribute("reason_attribute", REASON, taken=_TAKEN),
            bind_signer=bind_signer,
        )

    def caller(self, claims: Claims, signatory: Signatory) -> Caller:
        """Return the caller. Errors: SoapFault (InvalidSecurityToken), explained, all reasons."""
        reason = self.reason_attribute
        found = _fold_case(claims, MODE, reason)
        texts = {n: only_text(found, n) for n in (*_REQUIRED, SUBJECT_ID, RESOURCE_ID, reason)}
        # A value without a code keeps its place: what stands second is no profession.
        roles = tuple(coded(v) or NO_CODE for v in found.values(ROLE))
        purposes = tuple(p for v in found.values(PURPOSE_OF_USE) if (p := coded(v)) is not None)
        mode = MODES.get(texts[MODE].upper(), "")
        reasons = [
            *_issuer(claims, signatory),
            *self._texts(texts, mode),
            *_roles(roles),
            *_purpose(purposes),
            *(self._binding(claims, texts[STRUCTURE], mode, signatory) if self.bind_signer else ()),
        ]
        if reasons:
            raise unfit(*reasons)
        return Caller(
            identity=claims.name_id,
            issuer=claims.issuer,
            alias=claims.name_alias,
            name=texts[SUBJECT_ID],
            structure=texts[STRUCTURE],
            roles=roles,
            purpose_of_use=purposes[0],
            emergency_reason=texts[reason],
            patient_concerned=texts[RESOURCE_ID],
            software=f"{texts[SOFTWARE_NAME]} {texts[SOFTWARE_VERSION]}".strip(),
            authentication_mode=mode,
            assertion_id=claims.assertion_id,
            issued_at=claims.issued_at,
        )

    def _texts(self, texts: Mapping[str, str], mode: str) -> Iterator[str]:
        for name in _REQUIRED:
            if not texts[name] and name not in self.optional_attributes:
                yield f"VIHF attribute {name} is missing or empty."
        if texts[VERSION] and texts[VERSION] not in self.versions:
            yield _odd(VERSION, texts[VERSION], self.versions)
        if texts[RESOURCE_URN] and texts[RESOURCE_URN] not in self.resource_urns:
            yield _odd(RESOURCE_URN, texts[RESOURCE_URN], self.resource_urns)
        if texts[MODE] and not mode:
            yield _odd(MODE, texts[MODE], tuple(MODES))
        if mode.startswith("indirect") and not texts[SUBJECT_ID]:
            yield f"VIHF attribute {SUBJECT_ID} is required in mode {texts[MODE]}."

    @staticmethod
    def _binding(claims: Claims, structure: str, mode: str, signatory: Signatory) -> Iterator[str]:
        """Hold that a card signs for its holder, a seal for its structure."""
        oid, expected, what = (
            (NameOID.COMMON_NAME, claims.name_id, "NameID")
            if mode == "direct"
            else (NameOID.ORGANIZATIONAL_UNIT_NAME, structure, STRUCTURE)
        )
        held = _held(signatory.certificate, oid)
        if expected not in held:
            yield (
                f"The signing certificate is not that of {what} {quote(expected)}: it is of "
                f"{' or '.join(quote(h) for h in held) or 'nobody'}."
            )


def profile_of(domain: AffinityDomain, *, bind_signer: bool = False) -> AssertionProfile:
    """Return the assertion profile that a domain names. Errors: TrustError."""
    match domain.assertion_profile:
        case "vihf":
            return Vihf.from_settings(domain.settings, bind_signer=bind_signer)
        case "xua":
            return Xua.from_settings(domain.settings)
        case other:
            raise TrustError(f"domain {domain.name}: assertion_profile {other!r}: xua or vihf")


def _fold_case(claims: Claims, *names: str) -> Claims:
    """Gather these attributes under one spelling each: the field writes them in several."""
    merged = dict(claims.attributes)
    for name in names:
        for spelled in [n for n in merged if n.casefold() == name.casefold() and n != name]:
            merged[name] = merged.get(name, ()) + merged.pop(spelled)
    return replace(claims, attributes=MappingProxyType(merged))


def _issuer(claims: Claims, signatory: Signatory) -> Iterator[str]:
    subject = signatory.certificate.subject
    if parse_name(claims.issuer) != name_of(subject):
        yield (
            f"Issuer must be the subject of the signing certificate in RFC 2253 form: came "
            f"{quote(claims.issuer)}, expected {quote(subject.rfc4514_string())}."
        )


def _roles(roles: tuple[CodedValue, ...]) -> Iterator[str]:
    if NO_CODE in roles or not roles:
        yield f"VIHF attribute {ROLE} is missing, or a value of it has no code."
        return
    profession = roles[0]
    shape = PROFESSIONS.get(profession.system)
    if shape is None or not shape.fullmatch(profession.code):
        yield (
            f"Role {_shown(profession)} is no profession: the first value must be a code of G15 "
            f"({G15}), G16 ({G16}) or A00 ({A00})."
        )
        return
    needed = SPECIALTIES.get(profession.code) if profession.system == G15 else None
    if needed is None:
        return
    system, codes = needed
    if len(roles) == 1:
        yield (
            f"No specialty in the VIHF: role {profession.code} needs a second value from system "
            f"{system}."
        )
    elif roles[1].system != system or not codes.fullmatch(roles[1].code):
        yield (
            f"Specialty {_shown(roles[1])} does not fit role {profession.code}: the second value "
            f"must be a code of system {system}."
        )


def _purpose(purposes: tuple[CodedValue, ...]) -> Iterator[str]:
    if len(purposes) != 1:
        yield f"VIHF attribute {PURPOSE_OF_USE} must have one coded value, came {len(purposes)}."
    elif purposes[0].system not in PURPOSE_SYSTEMS or purposes[0].code not in PURPOSES:
        yield (
            f"Purpose of use {_shown(purposes[0])} is unknown: expected "
            f"{', '.join(sorted(PURPOSES))} of system {PURPOSE_SYSTEM}."
        )


def _odd(name: str, came: str, expected: tuple[str, ...]) -> str:
    return f"VIHF attribute {name} is {quote(came)}, expected {' or '.join(expected)}."


def _shown(code: CodedValue) -> str:
    return f"{quote(code.code)} of system {quote(code.system)}"


def _held(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(a.value) for a in certificate.subject.get_attributes_for_oid(oid)]
