"""The Registry answers as a naive one does, whatever is submitted and asked, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.ledger import tables as t
from tests.build.submission import (
    OTHER_PATIENT,
    PATIENT,
    a_document_entry,
    a_folder,
    a_submission_set,
    an_association,
    changing_classification,
)
from tests.registry.build import APPROVED, BOTH, START, Registry, text, texts
from tests.registry.naive import APND, HAS_MEMBER, RPLC, XFRM, XFRM_RPLC, Naive, Thing
from xds.metadata import vocabulary as v

PATIENTS = (PATIENT, OTHER_PATIENT)
FORMATS = ("f1", "f2")
TIMES = ("2024", "20240601", "20250101120000")
pick = st.integers(0, 5)
steps = st.lists(
    st.fixed_dictionaries(
        {
            "patient": st.sampled_from((0, 0, 0, 1)),
            "documents": st.lists(
                st.tuples(st.sampled_from(FORMATS), st.sampled_from(TIMES), st.integers(0, 9)),
                max_size=2,
            ),
            "folders": st.integers(0, 1),
            "relation": st.none() | st.tuples(st.sampled_from((RPLC, APND, XFRM, XFRM_RPLC)), pick),
            "joins": st.none() | st.tuples(pick, pick),
        }
    ),
    min_size=2,
    max_size=6,
)


def uuid(number: int) -> str:
    return f"urn:uuid:00000000-0000-4000-8000-{number:012x}"


def padded(time: str) -> str:
    """A time of year, day or second as 14 digits; '' stays."""
    return {4: time + "0101000000", 8: time + "000000"}.get(len(time), time)


class Pair:
    """The real Registry and the naive one, told the same."""

    def __init__(self, ledger) -> None:
        self.real, self.naive = Registry.over(ledger), Naive()
        self.count, self.told = 0, -1

    def new_id(self) -> str:
        self.count += 1
        return uuid(self.count)

    def submit(self, step) -> None:
        patient = PATIENTS[step["patient"]]
        things = [Thing("set", self.new_id(), patient, f"1.3.{self.count}")]
        for format_code, time, name in step["documents"]:
            unique_id = f"1.2.{name}" if name < 3 else f"1.2.1{self.count}"
            things.append(
                Thing(
                    "document",
                    self.new_id(),
                    patient,
                    unique_id,
                    format_code=format_code,
                    creation_time=padded(time),
                    hash=f"{name % 2:040}",
                )
            )
        if len({x.unique_id for x in things}) < len(things):
            return  # the message's own rule, tested elsewhere
        things += [
            Thing("folder", self.new_id(), patient, f"1.4.{self.count}")
            for _ in range(step["folders"])
        ]
        members = list(things[1:])
        documents = [x for x in things if x.kind == "document"]
        known = [x for x in self.naive.things if x.kind == "document"]
        if step["relation"] and documents and known:
            kind, number = step["relation"]
            target = known[number % len(known)].id
            things.append(self.link(kind, documents[0].id, target))
        folders = [x for x in [*self.naive.things, *things] if x.kind == "folder"]
        if step["joins"] and folders and (known or documents):
            inside = [*documents, *known]
            folder, document = (
                c[n % len(c)].id for c, n in zip((folders, inside), step["joins"], strict=True)
            )
            membership = self.link(HAS_MEMBER, folder, document)
            things.append(membership)
            members.append(membership)
        if not members:
            return
        things += [self.link(HAS_MEMBER, things[0].id, m.id) for m in members]
        before = self.real.everything(patient).body
        minute = self.minute()
        answer = self.real.register(*(self.written(x, documents) for x in things))
        accepted = self.naive.register([replace(x) for x in things], minute)
        assert (answer.status == "Success") is accepted, [c.code_context for c in answer.complaints]
        if not accepted:
            assert self.real.everything(patient).body == before

    def minute(self) -> str:
        self.told += 1
        return f"{START + timedelta(minutes=self.told):%Y%m%d%H%M%S}"

    def link(self, kind, source, target) -> Thing:
        return Thing("association", self.new_id(), type=kind, source=source, target=target)

    def written(self, thing: Thing, own):
        if thing.kind == "set":
            return a_submission_set(thing.id, patient=thing.patient, unique_id=thing.unique_id)
        if thing.kind == "folder":
            return a_folder(thing.id, patient=thing.patient, unique_id=thing.unique_id)
        if thing.kind == "document":
            made = a_document_entry(thing.id, patient=thing.patient, unique_id=thing.unique_id)
            made = changing_classification(
                made,
                v.FORMAT_CODE,
                lambda c: c.with_attribute("nodeRepresentation", thing.format_code),
            )
            return made.with_slot("creationTime", thing.creation_time).with_slot("hash", thing.hash)
        is_document = any(
            x.id == thing.target and x.kind == "document" for x in [*own, *self.naive.things]
        )
        is_of_set = thing.type == HAS_MEMBER and not any(
            x.id == thing.source and x.kind == "folder" for x in self.naive.things
        )
        status = v.ORIGINAL if is_of_set and is_document and self.is_own(thing, own) else ""
        return an_association(thing.id, thing.type, thing.source, thing.target, status=status)

    @staticmethod
    def is_own(thing, own) -> bool:
        return any(x.id == thing.target for x in own)

    # -- asking both --

    def agree(self, query: str, expected, **named) -> None:
        references = self.real.ask(query, returns="ObjectRef", **named)
        assert references.status == "Success", [c.code_context for c in references.complaints]
        ids = references.ids
        assert len(set(ids)) == len(ids)
        assert sorted(map(str, (self.real_key(i) for i in ids))) == sorted(
            str(self.naive.key(i)) for i in expected
        ), query
        leaf = self.real.ask(query, returns="LeafClass", **named)
        assert leaf.codes == ("XDSResultNotSinglePatient",) or leaf.ids == ids
        for o in leaf.objects:
            thing = self.naive.get(o.id)
            if thing is not None:
                status = v.APPROVED if thing.is_approved else v.DEPRECATED
                assert o.attribute("status") == status
                if thing.kind == "folder":
                    assert o.slot("lastUpdateTime").values == (thing.updated,)

    def real_key(self, identifier):
        if identifier not in self.ends:
            return identifier
        kind, source, target = self.ends[identifier]
        return (kind, self.real_key(source), self.real_key(target))

    def compare(self) -> None:
        everything = [o for p in PATIENTS for o in self.real.everything(p).of("Association")]
        names = ("associationType", "sourceObject", "targetObject")
        self.ends = {o.id: tuple(o.attribute(n) for n in names) for o in everything}
        n = self.naive
        for patient in PATIENTS:
            for formats, start, end in (
                ((), "", ""),
                (("f1",), "", ""),
                ((), "20240601", ""),
                (FORMATS, "2024", "20250101120000"),
            ):
                for statuses, status in (((True, False), BOTH), ((True,), APPROVED)):
                    named = {
                        "XDSDocumentEntryPatientId": text(patient),
                        "XDSDocumentEntryStatus": status,
                    }
                    if formats:
                        named["XDSDocumentEntryFormatCode"] = texts(
                            *(f"{f}^^1.3.6.1.4.1.19376.1.2.3" for f in formats)
                        )
                    if start:
                        named["XDSDocumentEntryCreationTimeFrom"] = text(start)
                    if end:
                        named["XDSDocumentEntryCreationTimeTo"] = text(end)
                    expected = n.find_documents(
                        patient,
                        statuses,
                        formats,
                        padded(start),
                        padded(end),
                    )
                    self.agree("FindDocuments", expected, **named)
            self.agree(
                "GetAll",
                n.get_all(patient, (True,)),
                patientId=text(patient),
                XDSDocumentEntryStatus=APPROVED,
                XDSSubmissionSetStatus=APPROVED,
                XDSFolderStatus=APPROVED,
            )
        for thing in [x for x in n.things if x.kind != "association"][:8]:
            self.compare_around(thing.id)

    def compare_around(self, i: str) -> None:
        n, it, narrow = self.naive, text(i), texts("f1^^1.3.6.1.4.1.19376.1.2.3")
        entry = {"XDSDocumentEntryEntryUUID": it}
        self.agree("GetAssociations", n.get_associations([i]), uuid=texts(i))
        self.agree("GetSubmissionSets", n.submission_sets([i]), uuid=texts(i))
        self.agree("GetDocumentsAndAssociations", n.documents_and_associations(i), **entry)
        self.agree("GetFoldersForDocument", n.folders_for(i), **entry)
        types = (RPLC, APND)
        self.agree(
            "GetRelatedDocuments", n.related(i, types), **entry, AssociationTypes=texts(*types)
        )
        for formats, more in (((), {}), (("f1",), {"XDSDocumentEntryFormatCode": narrow})):
            self.agree(
                "GetSubmissionSetAndContents",
                n.set_and_contents(i, formats),
                XDSSubmissionSetEntryUUID=it,
                **more,
            )
            self.agree(
                "GetFolderAndContents",
                n.folder_and_contents(i, formats),
                XDSFolderEntryUUID=it,
                **more,
            )


@pytest.mark.slow
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=steps)
def test_both_registries_agree(ledger, steps):
    with ledger._engine.begin() as connection:
        for table in t.metadata.sorted_tables:
            connection.execute(sa.delete(table))
    pair = Pair(ledger)
    for step in steps:
        pair.submit(step)
    pair.compare()
