"""`greffe policy show`: what a caller of a role, a mode and an authentication may do.

Spec: none of IHE's. What it shows is read from the policy by the code that decides; what depends on
the patient, on a document or on the hour it says in words.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from dmp.vihf import profile_of
from dmp.vihf_issue import with_default_systems
from greffe.exits import CommandError
from greffe.output import Report, add_json_flag, conclude, table
from xds.access.case import REPRESENTATIVE, SEEING, Case
from xds.access.model import Action, Choices, Mode, Resource
from xds.access.policy import ANY, Policy
from xds.access.reading import NO_FILES, PolicySource, read_policy
from xds.access.tables import AUTHENTICATIONS, PolicyError
from xds.clock import now
from xds.domain import AffinityDomain, DomainError, load_domain
from xds.security.caller import Caller, CodedValue
from xds.security.trust import TrustError
from xds.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from rich.console import Console

SHAPE: Final = "greffe/policy-show/1"
SOMEBODY, SOME_RECORD = "somebody", "1^^^&1.2.3&ISO"
WORDS: Final = MappingProxyType(
    {
        "yes": "yes",
        "no": "no",
        "own": "what the caller wrote",
        "structure": "what is the structure's",
        "consent": "if the patient consented to it for an emergency",
        "reference": "references of what is the structure's",
        "imputed": "yes, for the structure",
    }
)
"""What a cell of the functional matrix means, in a few words."""
AUTHORISATIONS: Final = MappingProxyType(
    {
        "not_needed": "need not be",
        "needed": "must be",
        "needed_unless_own": "must be, but for what is their own",
    }
)


def add_to(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action to `greffe policy`."""
    show = actions.add_parser(
        "show",
        help="what a caller may do",
        description="Shows what a caller of this role may do, in this mode, with this "
        "authentication; without --role, the kinds of callers that there are. The caller is "
        "neither blocked nor is the record closed; what depends on the patient is said.",
    )
    show.add_argument("--role", metavar="CODE[^SYSTEM]", help="profession: 10 is a doctor")
    show.add_argument("--specialty", metavar="CODE[^SYSTEM]", help="second role value: SM26")
    show.add_argument(
        "--purpose", choices=tuple(Mode), default=Mode.NORMAL, type=str, help="default: normal"
    )
    show.add_argument("--mode", choices=AUTHENTICATIONS, default="direct", help="default: direct")
    standing = show.add_mutually_exclusive_group()
    standing.add_argument("--attending", action="store_true", help="the patient's médecin traitant")
    standing.add_argument(
        "--representative", action="store_true", help="a legal representative of the patient"
    )
    show.set_defaults(run=run)
    add_policy_flags(show)


def add_policy_flags(parser: argparse.ArgumentParser) -> None:
    """Add what names a policy, and --json."""
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--home", type=Path, help="the home folder")
    whose.add_argument("--domain", help="a domain as it comes, without a home: dmp")
    add_json_flag(parser)


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One action, as one caller has it."""

    action: Action
    cell: str
    authorisation: str
    """`needed`, `needed_unless_own` or `not_needed`."""
    when_blocked: bool
    when_closed: bool
    status: str

    def as_json(self) -> dict[str, Any]:
        """Return the right as an object of the report."""
        return {
            "action": str(self.action),
            "cell": self.cell,
            "authorisation": self.authorisation,
            "when_blocked": self.when_blocked,
            "when_closed": self.when_closed,
            "status": self.status,
        }


def run(arguments: argparse.Namespace) -> int:
    """Show. Errors: none; they are in the report."""
    fields: dict[str, Any] = {
        "kind": "",
        "purpose": str(arguments.purpose),
        "mode": arguments.mode,
        "kinds": [],
        "rights": [],
        "emergency_opens": False,
        "reason_required": False,
        "types_not_seen": [],
    }
    report = Report(shape=SHAPE, fields=fields)
    return conclude(arguments, report, lambda report: _show(arguments, report), _print_show)


def _show(arguments: argparse.Namespace, report: Report) -> None:
    domain, source = opened(arguments)
    policy = source.policy
    if policy.permits_any_trusted:
        raise CommandError(
            "this domain has no access policy: whoever brings a trusted assertion may do everything"
        )
    if not arguments.role:
        report.fields["kinds"] = _kinds(policy)
        return
    case = _case(arguments, policy)
    if not case.kind:
        known = ", ".join(kind.name for kind in policy.kinds)
        raise CommandError(
            f"a caller with this role and mode is of no kind of the policy ({known}): every access "
            "is refused. Fix: another --role, --specialty or --mode; a doctor needs a specialty"
        )
    report.fields |= {
        "kind": case.kind,
        "rights": [_right(case, action, source).as_json() for action in Action],
        "emergency_opens": case.kind in policy.emergency_kinds,
        "reason_required": case.mode in policy.reason_required,
        "types_not_seen": [] if case.is_of_the_patients_side else _unseen(case, domain),
    }


def _case(arguments: argparse.Namespace, policy: Policy) -> Case:
    """Return the question as a caller of these flags would put it, before any action."""
    role, specialty = _code(arguments.role), _code(arguments.specialty or "")
    systems = with_default_systems(role.code, specialty.code)
    roles = tuple(
        CodedValue(code=code.code, system=code.system or system)
        for code, system in zip((role, specialty), systems, strict=True)
        if code.code
    )
    code = next((c for c, mode in policy.modes.items() if mode == arguments.purpose), "")
    caller = Caller(
        identity=SOMEBODY if arguments.representative else SOME_RECORD,
        issuer="",
        structure="a structure",
        roles=roles,
        purpose_of_use=CodedValue(code=code, system=min(policy.purpose_systems, default="")),
        authentication_mode=arguments.mode,
    )
    choices = Choices(
        attending=frozenset({caller.identity} if arguments.attending else ()),
        representatives=frozenset({caller.identity} if arguments.representative else ()),
    )
    resource = Resource(patient_id=SOME_RECORD)
    return Case.of(caller, choices, resource, Action.TEST_EXISTENCE, policy, now())


def _code(text: str) -> CodedValue:
    code, _, system = text.partition("^")
    return CodedValue(code=code, system=system)


def _right(case: Case, action: Action, source: PolicySource) -> Right:
    policy = case.policy
    assumed = {row.action for row in source.functions if row.status == "assumed"}
    columns = {f"{how}:{case.kind}:{case.mode}" for how in (case.caller.authentication_mode, ANY)}
    is_assumed = action in assumed or bool(columns & source.assumed_columns.keys())
    return Right(
        action=action,
        cell=str(case.cell(action)),
        authorisation=_authorisation(case, action),
        when_blocked=action in policy.when_blocked,
        when_closed=action in policy.when_closed,
        status="assumed" if is_assumed else "known",
    )


def _authorisation(case: Case, action: Action) -> str:
    if action in case.policy.without_authorisation or case.is_of_the_patients_side:
        return "not_needed"
    is_free = action in case.policy.own_without_authorisation
    return "needed_unless_own" if is_free else "needed"


def _unseen(case: Case, domain: AffinityDomain) -> list[dict[str, str]]:
    """Return the types of documents that the caller's profession does not see."""
    role = case.caller.roles[0]
    profession = f"{role.code}^{role.system}"
    value_set = domain.value_sets.get("typeCode")
    return [
        {"type": f"{code.code}^{code.scheme}", "display": code.display}
        for code in (value_set.codes.values() if value_set else ())
        if not case.policy.shows_type(profession, f"{code.code}^{code.scheme}")
    ]


def _kinds(policy: Policy) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind.name,
            "authentications": sorted(kind.authentications),
            "roles": sorted("^".join(code) for code in kind.roles),
            "specialties": sorted("^".join(code) for code in kind.specialties),
            "becomes": policy.attending_of.get(kind.name, "")
            or (REPRESENTATIVE if kind.name in policy.patient_kinds else ""),
        }
        for kind in policy.kinds
    ]


def _print_show(report: Report, console: "Console") -> None:
    if report.errors:
        return
    fields = report.fields
    if fields["kinds"]:
        console.print(
            table(("kind", "authentication", "roles", "specialties"), _shown_kinds(fields))
        )
        console.print("\nthe first kind that fits is the caller's; --role shows what it may do")
        return
    how = f"{fields['kind']}, purpose {fields['purpose']}, authentication {fields['mode']}"
    rows = [
        (
            right["action"],
            _shown_cell(right),
            AUTHORISATIONS[right["authorisation"]],
            "yes" if right["when_blocked"] else "",
            "yes" if right["when_closed"] else "",
            right["status"],
        )
        for right in fields["rights"]
        if right["cell"] != "no"
    ]
    headings = ("action", "may", "authorised by the patient", "if blocked", "if closed", "source")
    console.print(table(headings, rows, title=how))
    refused = [right["action"] for right in fields["rights"] if right["cell"] == "no"]
    console.print(f"\nnot given: {', '.join(refused) or 'nothing'}", soft_wrap=True)
    for type_ in fields["types_not_seen"]:
        console.print(f"type not seen: {type_['type']} {type_['display']}", highlight=False)
    if fields["reason_required"]:
        console.print("the assertion must say why: its emergency reason is required")
    if fields["purpose"] != Mode.NORMAL:
        opens = "opens" if fields["emergency_opens"] else "does not open"
        console.print(f"an emergency {opens} a record whose patient authorised nobody")


def _shown_cell(right: Mapping[str, Any]) -> str:
    words = WORDS[right["cell"]]
    return (
        f"{words} or deposited" if right["cell"] == "own" and right["action"] in SEEING else words
    )


def _shown_kinds(fields: Mapping[str, Any]) -> Sequence[tuple[str, ...]]:
    return [
        (
            kind["kind"] + (f" (or {kind['becomes']})" if kind["becomes"] else ""),
            ", ".join(kind["authentications"]) or "any",
            ", ".join(code.partition("^")[0] for code in kind["roles"]),
            ", ".join(code.partition("^")[0] for code in kind["specialties"]),
        )
        for kind in fields["kinds"]
    ]


def opened(arguments: argparse.Namespace) -> tuple[AffinityDomain, PolicySource]:
    """Return the domain and the policy that the command is about. Errors: CommandError."""
    try:
        if arguments.domain:
            domain, files = load_domain(arguments.domain), NO_FILES
        else:
            settings = load_settings(arguments.home)
            domain, files = settings.domain, settings.access_files
        profile_of(domain)  # names the attribute of the emergency's reason
        return domain, read_policy(domain, files)
    except (SettingsError, DomainError, PolicyError, TrustError) as error:
        raise CommandError(str(error)) from error
