"""`greffe policy check|show|import-types`: the access policy of a home, looked at before it bites.

Spec: none of IHE's; what the policy's files hold is in domains/README.md. It starts nothing and
asks no server: what it says is what a node of this home would decide.
"""

import argparse
from typing import TYPE_CHECKING, Any, Final

from greffe import policy_import, policy_show
from greffe.output import Report, conclude, table
from greffe.policy_show import opened
from xds.access.case import PATIENT, REPRESENTATIVE
from xds.access.reading import PolicySource

if TYPE_CHECKING:
    from rich.console import Console

SHAPE: Final = "greffe/policy-check/1"
DESCRIPTION: Final = """\
Who may do what in a home: kinds of callers, what each may do in which mode, which profession sees
which type of document. The patient's own choices are not here: they are `greffe patient`'s.

  greffe policy check --home ./home
  greffe policy show --home ./home --role 60
  greffe policy show --home ./home --role 10 --specialty SM26 --purpose bris_de_glace
  greffe policy import-types matrix.csv --home ./home --dry-run
"""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "policy",
        help="who may do what: check, show, replace",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="validate the policy, say what in it is assumed",
        description="Validates the files of the access policy and lists what in them no public "
        "text says, so that somebody decides it. A node does not start on a policy that is wrong.",
    )
    check.set_defaults(run=run_check)
    policy_show.add_policy_flags(check)
    policy_show.add_to(actions)
    policy_import.add_to(actions)


def run_check(arguments: argparse.Namespace) -> int:
    """Validate. Errors: none; they are in the report."""
    fields: dict[str, Any] = {
        "access": "",
        "files": {},
        "kinds": [],
        "assumed_actions": [],
        "assumed_columns": [],
        "assumed_types": [],
        "remarks": [],
    }
    report = Report(shape=SHAPE, fields=fields)
    return conclude(arguments, report, lambda report: _check(arguments, report), _show_check)


def _check(arguments: argparse.Namespace, report: Report) -> None:
    domain, source = opened(arguments)
    policy = source.policy
    report.fields |= {
        "access": domain.access,
        "files": dict(source.files),
        "kinds": [kind.name for kind in policy.kinds],
        "assumed_actions": [
            {"action": str(row.action), "source": row.source}
            for row in source.functions
            if row.status == "assumed"
        ],
        "assumed_columns": [
            {"column": column, "why": why} for column, why in source.assumed_columns.items()
        ],
        "assumed_types": [
            {
                "profession": row.profession,
                "type": row.type_code,
                "may_see": row.may_see,
                "source": row.source,
            }
            for row in source.types
            if row.status == "assumed"
        ],
        "remarks": _remarks(source),
    }


def _remarks(source: PolicySource) -> list[str]:
    """Return what is allowed and probably not meant."""
    policy = source.policy
    if policy.permits_any_trusted:
        return ["there is no policy: whoever brings a trusted assertion may do everything"]
    if not policy.kinds or not policy.functions:
        return ["the policy is empty: nobody may do anything"]
    columns = {kind for _, kind, _ in policy.functions}
    named = {k.name for k in policy.kinds} - policy.patient_kinds | {*policy.attending_of.values()}
    named |= {PATIENT, REPRESENTATIVE} if policy.patient_kinds else set()
    found = [f"kind {kind}: no column is for it, so it may nothing" for kind in named - columns]
    if not policy.types:
        found.append("no row of types: no professional sees another's document")
    if not policy.vouched_only:
        found.append("ITI-42 is taken from anybody: whoever registers a uniqueId can retrieve it")
    return sorted(found)


def _show_check(report: Report, console: "Console") -> None:
    if report.errors:
        return
    for name, file in report.fields["files"].items():
        console.print(f"{name:<10} {file}", soft_wrap=True, highlight=False)
    console.print("the policy is valid")
    for remark in report.fields["remarks"]:
        console.print(f"  note: {remark}", soft_wrap=True, highlight=False)
    for key, heading, columns in (
        ("assumed_actions", "actions that no public matrix has", ("action", "source")),
        ("assumed_columns", "columns that no public matrix has", ("column", "why")),
        ("assumed_types", "types that no public list has", ("profession", "type", "may_see")),
    ):
        rows = [tuple(_cell(row[c]) for c in columns) for row in report.fields[key]]
        if rows:
            console.print()
            console.print(table(columns, rows, title=f"assumed: {heading}"))


def _cell(value: object) -> str:
    return {True: "sees", False: "does not see"}[value] if isinstance(value, bool) else str(value)
