"""`greffe patient mask|unmask`: documents that the patient hides from professionals, or shows.

A document is never edited in place: what ITI-57 does for a client is done here on the home's own
ledger, by the same code, and gives a new version of the metadata, with or without MASQUE_PS.

Spec: XDS Metadata Update supplement §3.57.4.1.3; DMP TD3.3a, asked by the patient.
"""

import argparse
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from dmp import visibility
from dmp.ins import CHECKS
from greffe.codes import usual_code
from greffe.exits import CommandError
from greffe.output import Report, conclude
from greffe.record_home import opened_ledger, operator, refused, settings_of, untraced
from greffe.record_told import EPILOG, a_report, add_common, show
from xds.clock import now
from xds.metadata.confidentiality import codes_of, with_code, without_code
from xds.metadata.hl7v2 import cx_key
from xds.metadata.rim import RimObject
from xds.metadata.views import DocumentEntry, read_document_entry

if TYPE_CHECKING:
    from registry.ledger.sql import SqlLedger
    from xds.settings import Settings

MASK, UNMASK = "mask", "unmask"
CONTENT_TYPES: Final = ("35971002", "07")
"""Of the submission set that records the change: the first that the domain knows."""
HELP: Final = {
    MASK: "hide documents from professionals",
    UNMASK: "show documents to professionals again",
}
MEANING: Final = {
    MASK: "The document is seen by the patient, its author, whoever deposited it and the médecin "
    "traitant only; by others in an emergency, if the patient consents to that. A document that "
    "replaces it arrives masked too.",
    UNMASK: "Whoever may see the record, and documents of this type, sees the document again.",
}
STATES: Final = {False: "not masked", True: "masked"}


def add_to(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions to `greffe patient`."""
    for name, said in HELP.items():
        one = actions.add_parser(name, help=said, description=MEANING[name], epilog=EPILOG)
        one.add_argument("cx", metavar="CX", help="the patient: identifier and authority")
        one.add_argument(
            "documents", nargs="+", metavar="DOCUMENT", help="uniqueId, or urn:uuid:… of an entry"
        )
        add_common(one)
        one.set_defaults(run=run, choice=name)


def run(arguments: argparse.Namespace) -> int:
    """Mask or unmask. Errors: none; they are in the report."""
    report = a_report(arguments)
    return conclude(arguments, report, lambda report: _all(arguments, report), show)


def _all(arguments: argparse.Namespace, report: Report) -> None:
    settings = settings_of(arguments.home)
    with opened_ledger(settings) as ledger:
        key = cx_key(arguments.cx.strip())
        masking = _Masking(
            ledger=ledger,
            settings=settings,
            patient_id=key,
            is_masked=arguments.choice == MASK,
        )
        report.fields |= {"patient_id": key, "meaning": MEANING[arguments.choice]}
        found = [masking.find(identifier) for identifier in dict.fromkeys(arguments.documents)]
        for rim in found:
            if masking.is_so(rim):
                continue
            new = rim.id if arguments.dry_run else masking.change(rim, now())
            report.fields["documents"].append(_told(rim, new, is_masked=masking.is_masked))
            report.fields["changed"] = not arguments.dry_run


def _told(rim: RimObject, entry_uuid: str, *, is_masked: bool) -> dict[str, str]:
    entry = read_document_entry(rim)
    return {
        "unique_id": entry.unique_id,
        "title": entry.title,
        "entry_uuid": entry_uuid,
        "previous_entry_uuid": rim.id,
        "before": STATES[not is_masked],
        "after": STATES[is_masked],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Masking:
    """Masking or unmasking of one patient's documents."""

    ledger: "SqlLedger"
    settings: "Settings"
    patient_id: str
    is_masked: bool

    def is_so(self, rim: RimObject) -> bool:
        """Return whether there is nothing to change."""
        code = visibility.MASKED
        return ((code.code, code.scheme) in codes_of(rim)) is self.is_masked

    def find(self, identifier: str) -> RimObject:
        """Return the latest version of a document of this patient. Errors: CommandError."""
        from registry.ledger.api import Columns, Kind, Latest, Select  # noqa: PLC0415
        from xds.ebrim.reader import read_fragment  # noqa: PLC0415

        by = "entry_uuid" if identifier.startswith("urn:uuid:") else "unique_id"
        wanted = Select(
            kind=Kind.DOCUMENT_ENTRY,
            where=(
                Columns(column="patient_id", values=(self.patient_id,)),
                Columns(column=by, values=(identifier,)),
                Latest(),
            ),
        )
        found = self.ledger.read(lambda reader: reader.select(wanted))
        if len(found) == 1:
            return read_fragment(found[0].fragment)
        came = f"{len(found)} entries of it" if found else "none, or only an older version of it"
        raise refused(
            CommandError(
                f"document {identifier}: the patient has one latest entry of it. Came: {came}. "
                f"Expected: a document of {self.patient_id}. Fix: name one of its latest entries; "
                "`greffe query find-documents` lists them"
            )
        )

    def change(self, rim: RimObject, instant: datetime) -> str:
        """Register a new version; return its entryUUID. Errors: CommandError."""
        from xds.errors import Refusal  # noqa: PLC0415 - the server's code

        entry, code = read_document_entry(rim), visibility.MASKED
        new = with_code(rim, code, _fresh()) if self.is_masked else without_code(rim, code)
        objects = self._update(new, entry, instant)
        try:
            # Traced before it is done: what cannot be traced is not changed.
            self._trace(entry, instant)
        except OSError as error:
            raise untraced(error) from error
        try:
            self._register(objects, instant)
        except Refusal as refusal:
            codes = tuple(str(c.code) for c in refusal.complaints)
            self._trace(entry, instant, codes)
            text = " ".join(c.code_context for c in refusal.complaints)
            raise refused(CommandError(text)) from refusal
        return next(o.id for o in objects if o.tag == "ExtrinsicObject")

    def _update(
        self, new: RimObject, entry: DocumentEntry, instant: datetime
    ) -> tuple[RimObject, ...]:
        from greffe.client.provide import source_id  # noqa: PLC0415
        from greffe.client.update import a_submission_set, new_version  # noqa: PLC0415

        content_type = usual_code(self.settings.domain, "contentTypeCode", CONTENT_TYPES)
        if content_type is None:
            raise CommandError(
                f"domain {self.settings.domain.name} has no value set of contentTypeCode, which a "
                "new version needs. Fix: use `greffe update mask`, which takes one"
            )
        submission_set = a_submission_set(
            {
                "sourceId": source_id(),
                "patientId": entry.patient_id,
                "submissionTime": f"{instant:%Y%m%d%H%M%S}",
                "contentTypeCode": content_type,
                "comments": "asked by the patient",
            }
        )
        return new_version(submission_set, new)

    def _register(self, objects: tuple[RimObject, ...], instant: datetime) -> None:
        """Let the Registry's own room do it, as if the patient had sent the message."""
        from registry.iti57_update.handle import ACTION, room  # noqa: PLC0415
        from xds.ebrim.writer import write_submit_objects  # noqa: PLC0415
        from xds.security.caller import Caller  # noqa: PLC0415
        from xds.soap.exchange import SoapRequest  # noqa: PLC0415
        from xds.story import Call  # noqa: PLC0415

        octets = write_submit_objects(objects)
        root, place = _parsed(octets)
        request = SoapRequest(
            action=ACTION,
            message_id=_fresh(),
            to=None,
            body=root,
            body_where=place,
            envelope=root,
            envelope_octets=octets,
            is_mtom=False,
        )
        caller = Caller(identity=self.patient_id.partition("^")[0], issuer="greffe patient")
        updating = room(ledger=self.ledger, domain=self.settings.domain, identifier_checks=CHECKS)
        call = Call(request=request, attachments=_NOTHING, caller=caller, instant=instant)
        updating.handle(call)

    def _trace(self, entry: DocumentEntry, instant: datetime, codes: tuple[str, ...] = ()) -> None:
        """Write the event; `codes` are why the Registry refused after all. Errors: OSError."""
        from xds.audit.event import AuditEvent, Concerned, Outcome  # noqa: PLC0415
        from xds.audit.trail import Trail  # noqa: PLC0415

        trail = Trail(self.settings.audit_folder / "registry.jsonl")
        trail.record(
            AuditEvent(
                instant=instant,
                transaction=f"record {MASK if self.is_masked else UNMASK}",
                outcome=Outcome.REFUSED if codes else Outcome.SUCCESS,
                message_id="",
                peer="",
                caller=None,
                concerned=Concerned(patients=(self.patient_id,), documents=(entry.unique_id,)),
                codes=codes,
                detail=f"document: {STATES[not self.is_masked]} -> {STATES[self.is_masked]}",
                action="U",
                source=f"command line|{operator()}",
                service="registry",
                process=os.getpid(),
            )
        )
        trail.close()


_NOTHING: Final[Any] = ()
"""The attachments of a message that has none."""


def _fresh() -> str:
    return uuid.uuid4().urn


def _parsed(octets: bytes) -> tuple[Any, Any]:
    from lxml import etree  # noqa: PLC0415 - the server's code

    from xds.errors import Where  # noqa: PLC0415

    return etree.fromstring(octets), Where("the update", 1)
