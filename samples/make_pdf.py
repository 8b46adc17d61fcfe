"""Makes the one-page PDFs that two of the samples embed: `python -m samples.make_pdf TEXT.txt OUT.pdf`.

Plain PDF 1.4 with a standard font, so that no tool is needed to make it again. Long lines are not broken here:
write the text as it shall stand on the page.
"""

import sys
from pathlib import Path

LINE_POINTS = 15
TOP, LEFT, SIZE = 790, 56, 11


def make_pdf(title: str, lines: list[str]) -> bytes:
    """Return a PDF of one A4 page: a title and lines of text (Windows-1252 characters)."""
    text = [f"BT /F2 {SIZE + 3} Tf {LEFT} {TOP} Td ({_escaped(title)}) Tj ET"]
    for number, line in enumerate(lines, start=2):
        text.append(
            f"BT /F1 {SIZE} Tf {LEFT} {TOP - number * LINE_POINTS} Td ({_escaped(line)}) Tj ET"
        )
    content = "\n".join(text).encode("cp1252")
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        font.format("Helvetica").encode(),
        font.format("Helvetica-Bold").encode(),
        b"<< /Title (%s) >>" % _escaped(title).encode("cp1252"),
    ]
    return _with_cross_references(objects)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _with_cross_references(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(objects) + 1, len(objects))
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:3])
    head, *rest = source.read_text(encoding="utf-8").splitlines()
    target.write_bytes(make_pdf(head, rest))
