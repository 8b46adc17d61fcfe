"""Domains: the two that come with the project, and what a bad folder is told."""

import itertools
from pathlib import Path

import pytest
from lxml import etree

from xds.domain import LINK_CHANGE, DomainError, load_domain, shipped_domains
from xds.metadata.attributes import SCHEMES
from xds.metadata.code import Code

EXAMPLES = Path(__file__).parents[2].parent / "shared/reference/examples/XDS.b"

GOOD = """
name = "mine"
title = "A domain of my own"
assertion_profile = "xua"
access = "any-trusted"
[[authorities]]
oid = "1.2.3"
[[value_sets]]
attribute = "classCode"
file = "classCode.tsv"
"""
CODES = 'code\tscheme\tdisplay\nA\t1.2\tThe A\nB\t1.2\tHe said "B"\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "codes").mkdir()
    (tmp_path / "domain.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "codes/classCode.tsv").write_text(CODES, encoding="utf-8")
    return tmp_path


def refusal(folder):
    with pytest.raises(DomainError) as caught:
        load_domain(f"{folder}/")
    return str(caught.value)


def test_both_domains_come_with_the_project():
    assert shipped_domains() == ("dmp", "ihe")
    assert [load_domain(name).name for name in shipped_domains()] == ["dmp", "ihe"]


def test_the_french_domain_knows_the_ins_and_checks_it():
    domain = load_domain("dmp")
    assert {a.check for a in domain.authorities.values()} == {"ins"}
    assert {oid.rpartition(".")[2]: a.check_warns for oid, a in domain.authorities.items()} == {
        "8": False,
        "9": False,
        "10": True,
        "11": True,
    }
    assert domain.assertion_profile == "vihf"


def test_the_international_domain_takes_any_authority():
    domain = load_domain("ihe")
    assert not domain.authorities
    assert domain.assertion_profile == "xua"


@pytest.mark.parametrize("name", shipped_domains())
def test_every_code_of_a_shipped_domain_has_all_it_needs(name):
    for attribute, value_set in load_domain(name).value_sets.items():
        assert value_set.codes, attribute
        if attribute != "mimeType":
            assert all(c.scheme and c.display for c in value_set.codes.values()), attribute


def test_a_signature_of_a_submission_set_is_admitted_in_france():
    domain = load_domain("dmp")
    assert domain.admits("classCode", "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN")
    assert domain.admits("typeCode", "E1762", "ASTM")
    assert domain.admits("formatCode", "http://www.w3.org/2000/09/xmldsig#", "URN")
    assert domain.admits("eventCodeList", "1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12")


@pytest.mark.parametrize(
    ("attribute", "code", "scheme", "words"),
    [
        ("typeCode", "11502-2", "LOINC", "this code with the scheme '2.16.840.1.113883.6.1'"),
        ("typeCode", "0-0", "2.16.840.1.113883.6.1", "of this scheme '"),
        ("typeCode", "0-0", "nobody's", "a code of the scheme '"),
        ("mimeType", "image/bmp", "", "'"),
    ],
)
def test_what_comes_nearest_to_a_refused_code_is_named(attribute, code, scheme, words):
    assert load_domain("dmp").nearest(attribute, code, scheme).startswith(words)


def test_of_a_long_list_some_are_named_and_the_rest_is_counted():
    said = load_domain("dmp").nearest("typeCode", "0-0", "2.16.840.1.113883.6.1")
    assert said.count("'") == 2 * 6
    assert said.endswith(" more")


def test_a_code_counts_only_with_its_scheme():
    domain = load_domain("dmp")
    assert domain.admits("typeCode", "11502-2", "2.16.840.1.113883.6.1")
    assert not domain.admits("typeCode", "11502-2", "LOINC")


def test_folder_codes_of_every_years_test_plan_are_admitted():
    domain = load_domain("ihe")
    assert domain.admits("codeList", "Referrals", "Connect-a-thon folderCodeList")
    assert domain.admits("codeList", "Cardiology", "Connect-a-thon codeList")
    assert not domain.admits("classCode", "Cardiology", "Connect-a-thon codeList")


@pytest.mark.skipif(
    not any(EXAMPLES.glob("*.xml")), reason="../shared/reference/examples/XDS.b holds no messages"
)
def test_every_code_of_the_official_examples_is_admitted():
    domain = load_domain("ihe")
    seen = 0
    for file in EXAMPLES.glob("*.xml"):
        for element in etree.parse(file).iter("{*}Classification"):
            attribute = SCHEMES.get(element.get("classificationScheme"))
            scheme = element.findtext("{*}Slot[@name='codingScheme']//{*}Value")
            if attribute is None or scheme is None:
                continue
            seen += 1
            code = element.get("nodeRepresentation").strip()
            assert domain.admits(attribute.value_set, code, scheme.strip()), (file.name, code)
    assert seen > 40


def test_a_domain_of_ones_own_is_named_by_its_path(folder):
    domain = load_domain(f"{folder}/")
    assert domain.admits("classCode", "B", "1.2")
    assert not domain.admits("classCode", "C", "1.2")
    assert domain.admits("typeCode", "anything", "at all")


BAD = {
    "not TOML": (GOOD + "]", CODES, ["domain.toml"]),
    "a key misspelt": ("acces = 1\n" + GOOD, CODES, ["nothing reads", "acces"]),
    "a key absent": (GOOD.replace("title", "# title"), CODES, ["key title is missing"]),
    "another profile": (GOOD.replace("xua", "saml"), CODES, ["assertion_profile", "saml", "xua"]),
    "another policy": (GOOD.replace("any-trusted", "all"), CODES, ["access", "any-trusted"]),
    "no OID": (GOOD.replace("1.2.3", "one"), CODES, ["[[authorities]] number 1", "oid", "one"]),
    "no such attribute": (GOOD.replace('classCode"', 'class"'), CODES, ["attribute", "class"]),
    "no such file": (GOOD.replace("classCode.tsv", "c.tsv"), CODES, ["file", "c.tsv"]),
    "a set given twice": (
        GOOD + '[[value_sets]]\nattribute = "classCode"\nfile = "classCode.tsv"\n',
        CODES,
        ["value_sets", "twice"],
    ),
    "a word for a flag": (GOOD + 'closed = "yes"', CODES, ["closed", "true or false"]),
    "no heading": (GOOD, CODES.partition("\n")[2], ["classCode.tsv, line 1", "heading"]),
    "a cell too few": (GOOD, CODES + "C\t1.2\n", ["classCode.tsv, line 4"]),
    "a code twice": (GOOD, CODES + "A\t1.2\tAgain\n", ["classCode.tsv, line 4", "second time"]),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_domain_is_told_where_it_is_bad(folder, case):
    toml, codes, words = BAD[case]
    (folder / "domain.toml").write_text(toml, encoding="utf-8")
    (folder / "codes/classCode.tsv").write_text(codes, encoding="utf-8")
    text = refusal(folder)
    assert all(word in text for word in words), text
    assert str(folder) in text


def test_a_domain_may_have_a_code_of_its_own_for_changes_of_link(folder):
    assert load_domain(f"{folder}/").link_change == LINK_CHANGE
    own = '\n[link_change]\ncode = "LC"\nscheme = "1.2.3"\ndisplay = "Changement de lien"\n'
    (folder / "domain.toml").write_text(GOOD + own, encoding="utf-8")
    code = Code(code="LC", scheme="1.2.3", display="Changement de lien")
    assert load_domain(f"{folder}/").link_change == code


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ('code = "LC"', "key scheme"),
        ('code = "LC"\nscheme = "1.2.3"', "key display"),
        ('scheme = "1.2.3"', "key scheme"),
        ("code = 7", "key code"),
    ],
)
def test_half_a_code_for_changes_of_link_is_refused(folder, written, key):
    text = f"{GOOD}\n[link_change]\n{written}\n"
    (folder / "domain.toml").write_text(text, encoding="utf-8")
    assert "[link_change]" in refusal(folder)
    assert key in refusal(folder)


def test_bytes_that_are_no_utf8_are_no_traceback(folder):
    for name in ("codes/classCode.tsv", "domain.toml"):
        (folder / name).write_bytes(b"\xff\xfe")
        assert name in refusal(folder)


def test_an_unknown_domain_is_told_which_there_are():
    for name in ("dpm", "", "README.md", "/nowhere/at/all"):
        with pytest.raises(DomainError, match="dmp, ihe"):
            load_domain(name)


def test_no_closed_set_has_its_cells_padded():
    for name in shipped_domains():
        for value_set in load_domain(name).value_sets.values():
            cells = itertools.chain.from_iterable(
                (c.code, c.scheme, c.display) for c in value_set.codes.values()
            )
            assert all(cell == cell.strip() for cell in cells)


@pytest.mark.parametrize("written", ['"signs-submission-set"', '["signs"]', '["status-deleted"]*2'])
def test_a_departure_is_one_of_the_table_and_named_once(folder, written):
    text = '["status-deleted", "status-deleted"]' if "*" in written else written
    file = folder / "domain.toml"
    file.write_text(GOOD.replace("[[auth", f"departures = {text}\n[[auth", 1), encoding="utf-8")
    assert "key departures: expected" in refusal(folder)
    file.write_text(
        GOOD.replace("[[auth", 'departures = ["status-deleted"]\n[[auth', 1), encoding="utf-8"
    )
    assert load_domain(f"{folder}/").departures == {"status-deleted"}
