"""What a submission does to the Registry: ids, versions, statuses, deprecations, folders.

Spec: ITI TF-2 §3.42.4.1.3.3.5, §3.42.4.1.3.5 to §3.42.4.1.3.7; ITI TF-3 §4.2.3.1.5. Pure: new
UUIDs and the instant are parameters. The submission has passed every rule.
"""

from registry.access.facts import NOBODY, Depositor
from registry.access.quiet import is_quiet
from registry.ledger.api import Plan
from registry.submission.consequences import (
    deprecated,
    inherited_memberships,
    is_registered_folder,
)
from registry.submission.facts import Facts
from registry.submission.naming import Naming, NewUuid
from xds.metadata import vocabulary as v


def make_plan(
    facts: Facts,
    *,
    instant: str,
    new_uuid: NewUuid,
    message_id: str,
    depositor: Depositor = NOBODY,
) -> Plan:
    """Return the plan of an accepted submission. `instant` is a DTM of 14 digits, in UTC."""
    # (1) Finished objects, with what a replacement inherits among them.
    naming = Naming(facts, new_uuid)
    own = [naming.finished(rim, instant) for rim in facts.submission.objects]
    inherited, inherited_folders = inherited_memberships(facts, naming)
    # (2) What becomes Deprecated.
    statuses = dict.fromkeys(deprecated(facts), v.DEPRECATED)
    # (3) Which registered folders get a member.
    joined = {
        a.source
        for a in facts.submission.associations
        if a.association_type == v.HAS_MEMBER
        and is_registered_folder(facts, a.source)
        and not is_quiet(a.target, facts.known, facts.submission.objects)
    }
    return Plan(
        add=(*own, *inherited),
        statuses=statuses,
        touch_folders=frozenset(joined | inherited_folders),
        instant=instant,
        fingerprint=facts.fingerprint,
        message_id=message_id,
        depositors={"": depositor},
    )
