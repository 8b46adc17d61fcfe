"""Documents that arrive masked: because the patient wants all new ones so, or what they replace is.

Spec: none of IHE's; DMP: a patient's "mask everything new", and a masked document stays masked when
it is replaced. Pure, but for the new ids.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import replace

from registry.access.facts import read_facts
from registry.access.verdicts import Verdicts
from registry.submission.facts import Facts
from xds.access.model import Mark
from xds.metadata import vocabulary as v
from xds.metadata.code import Code
from xds.metadata.confidentiality import codes_of, with_code
from xds.metadata.hl7v2 import cx_key
from xds.metadata.rim import RimObject


def masked(
    facts: Facts,
    verdicts: Verdicts,
    mask: Code | None,
    new_uuid: Callable[[], str],
    arriving: AbstractSet[str] | None = None,
) -> Facts:
    """Return the submission with the code `mask` on each document that is to be masked.

    `arriving` are the ids of those that are new in their record; None for all.
    """
    if mask is None or verdicts.asker.may_all:
        return facts
    submission = facts.submission
    to_mask = _successors_of_masked(facts) | {
        entry.entry_uuid
        for entry in submission.document_entries
        if (arriving is None or entry.entry_uuid in arriving)
        and verdicts.masks_new(cx_key(entry.patient_id))
    }

    def marked(rim: RimObject) -> RimObject:
        if rim.id not in to_mask or (mask.code, mask.scheme) in codes_of(rim):
            return rim
        return with_code(rim, mask, new_uuid())

    objects = tuple(map(marked, submission.objects))
    now = {id(rim): new for rim, new in zip(submission.objects, objects, strict=True)}
    entries = tuple(
        replace(
            entry,
            rim=now[id(entry.rim)],
            confidentiality_codes=(*entry.confidentiality_codes, mask),
        )
        if now[id(entry.rim)] is not entry.rim
        else entry
        for entry in submission.document_entries
    )
    if entries == submission.document_entries:
        return facts
    submission = replace(submission, objects=objects, document_entries=entries)
    return replace(facts, submission=submission)


def _successors_of_masked(facts: Facts) -> set[str]:
    known = facts.known.by_uuid
    return {
        association.source
        for association in facts.submission.associations
        if association.association_type in v.REPLACING
        and association.target in known
        and Mark.MASKED in read_facts(known[association.target].access, "").marks
    }
