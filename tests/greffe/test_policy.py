"""`greffe policy`: what it says of a policy, and what it makes of a table of types."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from greffe.cli import main
from greffe.home import make_home
from greffe.policy_import import combined, read_csv, written
from tests.xds.access.build import G15, LOINC, a_caller, a_document, may, some_choices
from xds.access.model import Action
from xds.access.reading import load_policy
from xds.access.tables import read_types
from xds.domain import load_domain
from xds.security.caller import CodedValue
from xds.settings import load_settings

INSTANT = datetime(2026, 1, 31, 8, tzinfo=UTC)
DMP = load_domain("dmp")


@pytest.fixture
def home(tmp_path):
    make_home(tmp_path / "home", domain="dmp", instant=INSTANT)
    return tmp_path / "home"


def ran(capsys, *words):
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def told(capsys, *words):
    code, out, _ = ran(capsys, *words, "--json")
    report = json.loads(out)
    assert report["exit_code"] == code
    return report


# --- check


def test_check_says_the_files_and_everything_that_is_assumed(capsys, home):
    report = told(capsys, "policy", "check", "--home", home)
    assert report["exit_code"] == 0
    assert set(report["files"]) == {"policy", "functions", "types"}
    assert report["remarks"] == []
    assert "replace" in {row["action"] for row in report["assumed_actions"]}
    assert "consult" not in {row["action"] for row in report["assumed_actions"]}
    assert "*:patient:normal" in {row["column"] for row in report["assumed_columns"]}
    assert {"profession": "*", "type": "*", "may_see": True} in [
        {k: row[k] for k in ("profession", "type", "may_see")} for row in report["assumed_types"]
    ]


def test_check_is_readable(capsys, home):
    code, out, err = ran(capsys, "policy", "check", "--home", home)
    assert (code, err) == (0, "")
    assert "the policy is valid" in out
    assert "direct:attending_doctor:centre_15" in out


def own_file(home, name, text):
    (home / name).write_text(text, encoding="utf-8")
    key = name.partition(".")[0]
    toml = home / "greffe.toml"
    toml.write_text(toml.read_text().replace(f'\n{key} = ""', f'\n{key} = "{name}"'))


def test_check_names_file_line_and_fix_of_what_is_wrong(capsys, home):
    shipped = Path("domains/dmp/access/functions.tsv").read_text(encoding="utf-8")
    own_file(home, "functions.tsv", shipped.replace("\nmask\tknown", "\nmask\trumoured"))
    code, out, err = ran(capsys, "policy", "check", "--home", home)
    assert (code, out) == (2, "")
    for word in ("functions.tsv, line ", "'rumoured'", "Fix: one of known, assumed"):
        assert word in err
    report = told(capsys, "policy", "check", "--home", home)
    assert report["errors"][0]["kind"] == "usage"


def test_a_home_with_a_bad_policy_does_not_start(capsys, home):
    own_file(home, "types.tsv", "profession\n")
    code, _, err = ran(capsys, "serve", "--home", home)
    assert code == 2
    assert "types.tsv" in err


def test_check_remarks_on_what_is_allowed_and_hardly_meant(capsys, home):
    own_file(home, "types.tsv", "# nothing\n")
    remarks = told(capsys, "policy", "check", "--home", home)["remarks"]
    assert remarks == ["no row of types: no professional sees another's document"]
    shipped = Path("domains/dmp/access/policy.toml").read_text(encoding="utf-8")
    kind = '[[kinds]]\nname = "robot"\n[[kinds.roles]]\nsystem = "1.2"\ncodes = ["r"]\n\n[patients]'
    own_file(
        home, "policy.toml", shipped.replace("[patients]", kind).replace("ly = true", "ly = false")
    )
    remarks = told(capsys, "policy", "check", "--home", home)["remarks"]
    assert any("kind robot" in remark for remark in remarks)
    assert any("ITI-42" in remark for remark in remarks)
    for name in ("policy.toml", "functions.tsv"):
        (home / name).write_text("")
    own_file(home, "functions.tsv", "")
    assert "nobody may" in told(capsys, "policy", "check", "--home", home)["remarks"][0]


def test_where_there_is_no_policy_check_says_so_and_show_refuses(capsys):
    report = told(capsys, "policy", "check", "--domain", "ihe")
    assert "there is no policy" in report["remarks"][0]
    code, _, err = ran(capsys, "policy", "show", "--domain", "ihe", "--role", "10")
    assert code == 2
    assert "no access policy" in err


# --- show


def rights(report):
    return {right["action"]: right for right in report["rights"]}


def test_show_says_what_a_nurse_may(capsys, home):
    report = told(capsys, "policy", "show", "--home", home, "--role", "60")
    assert report["kind"] == "professional"
    assert rights(report)["consult"] == {
        "action": "consult",
        "cell": "yes",
        "authorisation": "needed_unless_own",
        "when_blocked": False,
        "when_closed": False,
        "status": "known",
    }
    assert rights(report)["submit"]["authorisation"] == "not_needed"
    assert rights(report)["submit"]["when_blocked"]
    assert rights(report)["find_patient"]["cell"] == "no"
    assert f"68599-0^{LOINC}" in {row["type"] for row in report["types_not_seen"]}


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ("--role 10 --specialty SM26", "doctor"),
        ("--role 10 --specialty SM26 --attending", "attending_doctor"),
        ("--role 10 --specialty SM25 --attending", "occupational_doctor"),
        ("--role 10 --specialty SM26 --mode indirect", "structure"),
        ("--role SECRETARIAT_MEDICAL", "secretary"),
        ("--role EXP_PATIENT", "patient"),
        ("--role EXP_PATIENT --representative", "representative"),
        (f"--role 60^{G15} --purpose centre_15 --mode indirect_renforcee", "professional"),
    ],
)
def test_show_knows_every_kind(capsys, flags, kind):
    report = told(capsys, "policy", "show", "--domain", "dmp", *flags.split())
    assert report["kind"] == kind
    assert len(report["rights"]) == len(Action)


@pytest.mark.parametrize("flags", ["--role 10", "--role 77", "--role 60^1.2"])
def test_show_says_that_a_role_is_of_no_kind(capsys, flags):
    code, out, err = ran(capsys, "policy", "show", "--domain", "dmp", *flags.split())
    assert (code, out) == (2, "")
    assert "of no kind" in err
    assert "Fix" in err


def test_show_is_readable(capsys):
    flags = ["--role", "10", "--specialty", "SM26", "--purpose", "bris_de_glace"]
    code, out, err = ran(capsys, "policy", "show", "--domain", "dmp", *flags)
    assert (code, err) == (0, "")
    for words in (
        "doctor, purpose bris_de_glace, authentication direct",
        "if the patient consented to it for an emergency",
        "its emergency reason is required",
        "an emergency opens a record",
        "not given: authorise_self",
        "ATTEST-RESID",
    ):
        assert words in out
    flags = ["--role", "10", "--specialty", "SM25", "--purpose", "centre_15"]
    assert "does not open" in ran(capsys, "policy", "show", "--domain", "dmp", *flags)[1]


def test_show_without_a_role_lists_the_kinds(capsys):
    report = told(capsys, "policy", "show", "--domain", "dmp")
    assert report["kinds"][0]["kind"] == "structure"
    assert {k["kind"]: k["becomes"] for k in report["kinds"]}["doctor"] == "attending_doctor"
    _, out, _ = ran(capsys, "policy", "show", "--domain", "dmp")
    assert "patient (or representative)" in out


# --- import-types

TABLE = """profession;categorie;type;consultation
10;10;11488-4;VRAI
60;10;11488-4;VRAI
60;10;11502-2;FAUX
"""


def imported(capsys, home, text, *flags, encoding="utf-8"):
    file = home / "matrix.csv"
    file.write_bytes(text.encode(encoding))
    return told(capsys, "policy", "import-types", file, "--home", home, *flags)


def sees(policy, profession, type_code):
    return policy.shows_type(f"{profession}^{G15}", f"{type_code}^{LOINC}")


def test_a_table_replaces_what_it_names_and_nothing_else(capsys, home):
    before = load_settings(home).policy
    report = imported(capsys, home, TABLE)
    assert (report["exit_code"], report["lines"], report["unusable"]) == (0, 3, [])
    assert report["professions"] == [f"10^{G15}", f"60^{G15}"]
    assert report["settings_changed"]
    after = load_settings(home).policy
    assert load_settings(home).access_files.types == home / "access/types.tsv"
    assert sees(after, "60", "11488-4")
    assert not sees(after, "60", "11502-2")
    assert not sees(after, "60", "18748-4"), "what the file does not say is no"
    assert sees(before, "60", "18748-4")
    assert sees(after, "40", "18748-4"), "who is not named keeps what was there"
    assert after.functions == before.functions
    for profession in ("10", "60", "40"):
        assert after.shows_type(f"{profession}^{G15}", "E1762^ASTM"), "signatures stay"


def test_the_table_decides(capsys, home):
    imported(capsys, home, TABLE)
    policy = load_settings(home).policy
    nurse = a_caller(roles=(CodedValue(code="60", system=G15),))
    report, letter = (a_document(type_code=(c, LOINC)) for c in ("11502-2", "11488-4"))
    assert may(nurse, some_choices(), "consult", letter, policy=policy)
    assert not may(nurse, some_choices(), "consult", report, policy=policy)


def test_others_may_be_denied(capsys, home):
    assert imported(capsys, home, TABLE, "--others", "deny")["kept"] == 0
    policy = load_settings(home).policy
    assert not sees(policy, "40", "11488-4")
    assert sees(policy, "60", "11488-4")


def test_importing_again_is_importing_the_same(capsys, home):
    imported(capsys, home, TABLE, "--others", "deny")
    first = (home / "access/types.tsv").read_text()
    again = imported(capsys, home, TABLE, "--others", "deny")
    assert not again["settings_changed"]
    assert (home / "access/types.tsv").read_text() == first


def test_a_dry_run_says_the_same_and_writes_nothing(capsys, home):
    toml = (home / "greffe.toml").read_bytes()
    dry = imported(capsys, home, TABLE, "--dry-run")
    assert dry["written"] == ""
    assert not (home / "access").exists()
    assert (home / "greffe.toml").read_bytes() == toml
    wet = imported(capsys, home, TABLE)
    same = ("lines", "rows", "professions", "kept", "unusable")
    assert {k: dry[k] for k in same} == {k: wet[k] for k in same}


@pytest.mark.parametrize(
    "text",
    [
        TABLE,
        TABLE.replace(";", ","),
        TABLE.replace(";", "\t"),
        TABLE.replace("\n", "\r\n"),
        TABLE.partition("\n")[2],
        "\n" + TABLE.replace("VRAI", " oui ").replace("FAUX", "Non") + "\n\n",
        TABLE.replace("VRAI", "true").replace("FAUX", "0"),
        "\ufeff" + TABLE.replace("60;", f'"60^{G15}";').replace("11488-4", f"11488-4^{LOINC}"),
        TABLE.replace("VRAI", "VRAI;;"),
    ],
)
def test_a_table_may_be_written_in_many_ways(capsys, home, text):
    assert imported(capsys, home, text)["unusable"] == []
    policy = load_settings(home).policy
    assert sees(policy, "60", "11488-4")
    assert not sees(policy, "60", "11502-2")


def test_a_heading_from_a_french_spreadsheet_is_a_heading(capsys, home):
    text = TABLE.replace("categorie", "catégorie")
    assert imported(capsys, home, text, encoding="cp1252")["lines"] == 3


BAD_LINES = {
    "60;10;9999-9;VRAI": "no such type",
    "60;10;;VRAI": "no such type",
    "60;10;11488-4^1.2;VRAI": "no such type",
    ";10;11488-4;VRAI": "no profession code",
    "infirmière;10;11488-4;VRAI": "no profession code",
    "60^x;10;11488-4;VRAI": "no profession code",
    "60;10;11488-4;peut-être": "neither true nor false",
    "60;10;11488-4;": "neither true nor false",
    "60;11488-4;VRAI": "cells and not 4",
    "60;10;11488-4;VRAI;FAUX": "cells and not 4",
    "60;10;11502-2;VRAI": "the contrary",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_line_that_cannot_be_used_is_told_and_gives_nothing(capsys, home, line):
    report = imported(capsys, home, TABLE + line + "\n")
    assert report["exit_code"] == 0
    (unusable,) = report["unusable"]
    assert unusable["line"] == 5
    assert BAD_LINES[line] in unusable["why"]
    policy = load_settings(home).policy
    assert not sees(policy, "60", "11502-2")


def test_of_two_lines_that_contradict_each_other_no_is_taken():
    for words in (("true", "false"), ("false", "true")):
        text = "".join(f"60,10,11488-4,{word}\n" for word in words)
        (row,) = read_csv(text, DMP, "x.csv").rows
        assert not row.may_see


@pytest.mark.parametrize("text", ["", "\n\n", "a;b;c;d\n", "<html></html>", "60;10;9999-9;true\n"])
def test_a_file_without_a_usable_line_changes_nothing(capsys, home, text):
    report = imported(capsys, home, text)
    assert report["exit_code"] == 2
    assert "nothing was changed" in report["errors"][0]["text"]
    assert not (home / "access").exists()


def test_bytes_that_are_no_table_are_refused_and_do_not_raise(capsys, home):
    file = home / "matrix.csv"
    for octets in (
        b"\x00\xff\xfe;;;",
        b'"60;10;\n' * 9,
        b"\xd8\x00" * 40,
        b"60;10;1;" + b"9" * 200000,
    ):
        file.write_bytes(octets)
        report = told(capsys, "policy", "import-types", file, "--home", home)
        assert report["exit_code"] == 2
    missing = told(capsys, "policy", "import-types", home / "none.csv", "--home", home)
    assert "none.csv" in missing["errors"][0]["text"]


def test_the_home_keeps_every_other_setting(capsys, home):
    toml = home / "greffe.toml"
    before = toml.read_text()
    imported(capsys, home, TABLE)
    changed = set(toml.read_text().splitlines()) ^ set(before.splitlines())
    assert changed == {'types = "access/types.tsv"', 'types = ""'}


@pytest.mark.parametrize("kept", ["[access]\n", ""])
def test_a_home_without_the_key_or_the_table_gets_it(capsys, home, kept):
    toml = home / "greffe.toml"
    head, _, rest = toml.read_text().partition("[access]\n")
    toml.write_text(head + kept + rest[rest.index("[serve]") :])
    before = load_settings(home)
    imported(capsys, home, TABLE)
    after = load_settings(home)
    assert after.access_files.types == home / "access/types.tsv"
    assert (after.registry_port, after.limits) == (before.registry_port, before.limits)


def test_a_file_that_the_home_names_already_is_the_one_that_is_written(capsys, home):
    own_file(home, "types.tsv", "# nothing\n")
    report = imported(capsys, home, TABLE)
    assert report["written"] == str(home / "types.tsv")
    assert not report["settings_changed"]
    assert sees(load_settings(home).policy, "60", "11488-4")


def test_a_domain_without_a_policy_takes_no_table(capsys, tmp_path):
    make_home(tmp_path / "ihe", domain="ihe", instant=INSTANT)
    report = imported(capsys, tmp_path / "ihe", TABLE)
    assert report["exit_code"] == 2
    assert "no access policy" in report["errors"][0]["text"]


def test_what_is_written_is_read_as_it_was_meant():
    rows = combined(read_csv(TABLE, DMP, "a\tb.csv").rows, (), shipped=())
    text = written(rows, "x.csv")
    assert [(r.profession, r.type_code, r.may_see) for r in read_types(text, "types.tsv")] == [
        (r.profession, r.type_code, r.may_see) for r in rows
    ]
    assert load_policy(DMP)
