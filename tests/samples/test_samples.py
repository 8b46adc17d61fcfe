"""The samples are what they claim: readable PDFs, right identities, metadata that is accepted."""

import base64
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import etree

from dmp.cda import derive
from dmp.ins import warning_about
from greffe.client.metadata import write_facts
from samples import make_pdf
from xds.domain import load_domain
from xds.metadata.attributes import Subject
from xds.metadata.judge import Judge

SAMPLES = Path(make_pdf.__file__).parent
FILES = sorted(SAMPLES.glob("*.xml"))
TYPES = {
    "biology-report": "11502-2",
    "discharge-letter": "11490-0",
    "imaging-request": "55115-0",
    "letter-to-colleague": "96349-6",
    "medical-summary": "SYNTH",
    "operative-report": "34874-8",
    "prescription": "57833-6",
}
by_name = pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
PDFS = sorted((SAMPLES / "pdf").glob("*.pdf"))


def test_there_is_one_of_each_kind_that_a_practice_must_share():
    found = {file.stem: derive(file.read_bytes()).type_code.code for file in FILES}
    assert found == TYPES


@by_name
def test_the_home_accepts_the_metadata_that_the_header_says(file):
    entry = derive(file.read_bytes())
    assert entry.notices == ()
    judge = Judge(actor="repository", domain=load_domain("dmp"))
    rim = write_facts(Subject.DOCUMENT_ENTRY, entry.facts)
    assert [c.code_context for c in judge.judge(Subject.DOCUMENT_ENTRY, rim)] == []


@by_name
def test_patients_and_professionals_are_of_test(file):
    entry = derive(file.read_bytes())
    assert "&1.2.250.1.213.1.4.10&" in entry.patient_id
    assert warning_about(entry.patient_id) == ""
    for person in (*(a.person for a in entry.authors), entry.legal_authenticator):
        assert person.startswith("899900")


def test_documents_and_patients_are_several():
    entries = [derive(file.read_bytes()) for file in FILES]
    assert len({e.unique_id for e in entries}) == len(FILES)
    assert len({e.patient_id for e in entries}) >= 2


@by_name
def test_every_reference_to_the_text_leads_somewhere(file):
    root = etree.parse(file).getroot()
    anchors = set(root.xpath("//@ID"))
    links = {r[1:] for r in root.xpath("//*[local-name()='reference']/@value")}
    media = set(root.xpath("//@referencedObject"))
    assert links <= anchors
    assert media <= anchors


@by_name
def test_identifiers_are_given_once(file):
    root = etree.parse(file).getroot()
    body = root.find("{urn:hl7-org:v3}component")
    ids = [(e.get("root"), e.get("extension")) for e in body.iter("{urn:hl7-org:v3}id")]
    assert len(set(ids)) == len(ids)


def test_the_pdfs_and_the_documents_that_embed_them_are_made_from_the_texts():
    made = make_pdf.made()
    assert {f.suffix for f in made} == {".pdf", ".xml"}
    for file, content in made.items():
        assert file.read_bytes() == content, f"run python -m samples.make_pdf: {file.name}"


@pytest.mark.parametrize("file", PDFS, ids=lambda f: f.stem)
def test_every_offset_of_a_pdf_is_right(file):
    octets = file.read_bytes()
    start = int(re.search(rb"startxref\n(\d+)", octets)[1])
    assert octets[start:].startswith(b"xref")
    offsets = re.findall(rb"^(\d{10}) 00000 n ", octets[start:], re.MULTILINE)
    for number, offset in enumerate(offsets, 1):
        assert octets[int(offset) :].startswith(b"%d 0 obj" % number)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="the program pdftotext is not installed")
@pytest.mark.parametrize("file", PDFS, ids=lambda f: f.stem)
def test_pdftotext_reads_what_was_written(file, tmp_path):
    document = (SAMPLES / f"{file.stem}.xml").read_bytes()
    embedded = base64.b64decode(re.search(make_pdf.PLACE, document)[0].partition(b">")[2][:-7])
    (tmp_path / "embedded.pdf").write_bytes(embedded)
    command = ["pdftotext", str(tmp_path / "embedded.pdf"), "-"]
    said = subprocess.run(command, capture_output=True, check=True).stdout.decode().split()
    written = file.with_suffix(".txt").read_text(encoding="utf-8").split()
    assert not set(written) - set(said)


def test_a_document_without_a_place_for_a_pdf_is_refused():
    with pytest.raises(ValueError, match="place"):
        make_pdf.embedded(b"<ClinicalDocument/>", b"%PDF")
