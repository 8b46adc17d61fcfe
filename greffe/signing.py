"""`greffe submit --sign`: the signature of a submission set, as one more document of it.

Spec: ITI TF-3 §5.5.3.1 (DSG), DMP TD2.1. Made by `dmp.dsg` with the home's test signer; verified by
whoever receives it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dmp.dsg import Form, SigningKey, entry_facts, sign
from greffe.client.metadata import new_oid, new_uuid, write_association, write_facts
from greffe.client.provide import Provided
from greffe.describing import Described
from greffe.exits import CommandError
from xds.clock import now
from xds.metadata import vocabulary as v
from xds.metadata.attributes import Subject
from xds.metadata.author import Author
from xds.metadata.code import Code
from xds.metadata.rim import RimObject
from xds.security.trust import TrustError
from xds.settings import Settings

_READ_OCTETS = 1024 * 1024


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A document to be signed that is a file."""

    path: Path

    def digest(self, algorithm: str) -> bytes:
        """Return the digest of the file. Errors: OSError."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, algorithm).digest()

    def octets(self, most: int) -> bytes:
        """Return the bytes, at most `most` and one more. Errors: OSError."""
        with self.path.open("rb") as file:
            return file.read(most + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature document and what registers it."""

    entry: RimObject
    associations: tuple[RimObject, ...]
    document: Provided
    unique_id: str


def signature_of(
    group: Sequence[Described], submission_set: RimObject, unique_id: str, settings: Settings
) -> Signature:
    """Return the signature of a submission set that holds these files.

    `unique_id` is the SubmissionSet's. Errors: CommandError; OSError for a file.
    """
    folder, instant = settings.home / "pki", now()
    try:
        signer = SigningKey.from_files(folder / "signer.pem", folder / "signer.key")
    except TrustError as error:
        raise CommandError(str(error)) from error
    octets = sign(
        submission_set_unique_id=unique_id,
        documents={str(one.document["uniqueId"]): OnDisk(one.path) for one in group},
        signer=signer,
        instant=instant,
        form=Form.CANONICAL,
    )
    first = group[0].document
    own = new_oid()
    entry = write_facts(
        Subject.DOCUMENT_ENTRY,
        {
            "entryUUID": new_uuid(),
            **entry_facts(
                domain=settings.domain,
                unique_id=own,
                patient_id=group[0].patient_id,
                source_patient_id=str(first["sourcePatientId"]),
                author=_author(first, signer),
                signed_at=f"{instant:%Y%m%d%H%M%S}",
                healthcare_facility_type_code=_code(first, "healthcareFacilityTypeCode"),
                practice_setting_code=_code(first, "practiceSettingCode"),
            ),
        },
    )
    return Signature(
        entry=entry,
        associations=(
            write_association(v.HAS_MEMBER, submission_set.id, entry.id),
            write_association(v.SIGNS, entry.id, submission_set.id),
        ),
        document=Provided(
            entry_uuid=entry.id,
            mime_type="text/xml",
            size_octets=len(octets),
            chunks=lambda: iter((octets,)),
        ),
        unique_id=own,
    )


def _author(document: Mapping[str, object], signer: SigningKey) -> Author:
    """Return the signer as author: the document's author, or the certificate's subject."""
    authors = document.get("author")
    for author in authors if isinstance(authors, tuple) else (authors,):
        if isinstance(author, Author) and author.person:
            return author
    subject = signer.certificates[0].subject.rfc4514_string()
    name = dict(part.split("=", 1) for part in subject.split(",") if "=" in part).get("CN", subject)
    return Author(person=f"^{name}")


def _code(document: Mapping[str, object], attribute: str) -> Code:
    code = document[attribute]
    if not isinstance(code, Code):
        raise CommandError(f"{attribute} is needed for the signature's own metadata")
    return code
