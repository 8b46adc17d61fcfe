"""Makes the PDFs that three of the samples embed: `python -m samples.make_pdf`.

Reads `samples/pdf/*.txt` (the first line is the heading), writes `*.pdf` beside it, and the same
bytes, in base64, into the one place for a PDF that `samples/<name>.xml` has. Running it twice
changes nothing, on any machine: nothing is compressed, no date is written.

Spec: ISO 32000-1 (PDF 1.4, two of the standard 14 fonts, WinAnsiEncoding). Not PDF/A-1, which IHE
XDS-SD asks for: that needs embedded fonts.
"""

import base64
import re
import textwrap
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
COLUMNS: Final = 96
LINES_PER_PAGE: Final = 58
TOP, LEFT, LEADING = 790, 57, 12.6
BASE64_COLUMNS: Final = 76
PLACE: Final = re.compile(
    rb'(<(text|value) mediaType="application/pdf" representation="B64">)[^<]*(</\2>)'
)
FIRST_PAGE: Final = 5
"""Number of its object; catalogue, pages and two fonts come before."""


def make_pdf(text: str) -> bytes:
    """Return a PDF with the text on A4 pages; its first line is the heading and the title.

    Errors: UnicodeEncodeError for a character outside Windows-1252.
    """
    heading, _, rest = text.strip().partition("\n")
    lines = [line for paragraph in rest.split("\n") for line in _wrapped(paragraph)]
    pages = [lines[n : n + LINES_PER_PAGE] for n in range(0, len(lines), LINES_PER_PAGE)]
    kids = " ".join(f"{FIRST_PAGE + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (fr-FR) >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in enumerate(pages):
        stream = _page(heading, page, f"{number + 1}/{len(pages)}")
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font "
            b"<< /F1 3 0 R /F2 4 0 R >> >> /Contents %d 0 R >>" % (FIRST_PAGE + 2 * number + 1),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        ]
    objects.append(b"<< /Title %s /Producer (Greffe samples) >>" % _string(heading))
    return _assembled(objects)


def embedded(document: bytes, pdf: bytes) -> bytes:
    """Return the CDA with the PDF in its place. Errors: ValueError when it has no one place."""
    encoded = base64.b64encode(pdf)
    wrapped = b"\n".join(
        encoded[n : n + BASE64_COLUMNS] for n in range(0, len(encoded), BASE64_COLUMNS)
    )
    out, count = PLACE.subn(rb"\g<1>" + b"\n" + wrapped + b"\n" + rb"\g<3>", document)
    if count != 1:
        raise ValueError("the document has no one place for a PDF")
    return out


def made() -> dict[Path, bytes]:
    """Return what each file that is made should hold."""
    files = {}
    for source in sorted((HERE / "pdf").glob("*.txt")):
        pdf = make_pdf(source.read_text(encoding="utf-8"))
        sample = HERE / f"{source.stem}.xml"
        files[source.with_suffix(".pdf")] = pdf
        files[sample] = embedded(sample.read_bytes(), pdf)
    return files


def _wrapped(paragraph: str) -> list[str]:
    return textwrap.wrap(paragraph, COLUMNS) or [""]


def _page(heading: str, lines: list[str], number: str) -> bytes:
    parts = [
        b"BT /F2 12 Tf %d %d Td %s Tj ET" % (LEFT, TOP, _string(heading)),
        b"0.6 w %d %d m 538 %d l S" % (LEFT, TOP - 6, TOP - 6),
        b"BT /F1 9.5 Tf %.1f TL %d %d Td" % (LEADING, LEFT, TOP - 24),
        *(b"%s Tj T*" % _string(line) for line in lines),
        b"ET BT /F1 8 Tf 520 28 Td %s Tj ET" % _string(number),
    ]
    return b"\n".join(parts)


def _string(text: str) -> bytes:
    return b"(" + re.sub(rb"([\\()])", rb"\\\1", text.encode("cp1252")) + b")"


def _assembled(objects: list[bytes]) -> bytes:
    """Return the file: header, numbered objects, cross-reference table, trailer."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        len(objects),
        start,
    )
    return bytes(out)


if __name__ == "__main__":
    for file, content in made().items():
        file.write_bytes(content)
