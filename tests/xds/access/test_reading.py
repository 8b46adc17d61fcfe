"""The files of an access policy: what comes with the project, and what a bad one is told."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from xds.access.model import Action, Mode
from xds.access.policy import ANY_TRUSTED, Cell, Policy
from xds.access.reading import PolicyFiles, load_policy, read_policy
from xds.access.tables import PolicyError
from xds.domain import load_domain

DMP = load_domain("dmp")
SHIPPED = Path("domains/dmp/access")


@pytest.fixture
def folder(tmp_path):
    """The French policy's files, to be spoiled."""
    for file in ("policy.toml", "functions.tsv", "types.tsv"):
        shutil.copy(SHIPPED / file, tmp_path / file)
    return tmp_path


def files(folder):
    return PolicyFiles(
        policy=folder / "policy.toml",
        functions=folder / "functions.tsv",
        types=folder / "types.tsv",
    )


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def refusal(folder, domain=DMP):
    with pytest.raises(PolicyError) as caught:
        load_policy(domain, files(folder))
    return str(caught.value)


def test_the_french_domain_has_a_policy_and_the_international_one_has_none():
    assert load_policy(load_domain("ihe")) == ANY_TRUSTED
    policy = load_policy(DMP)
    assert not policy.permits_any_trusted
    assert policy.vouched_only
    assert policy.records_begin_open
    assert Action.CONSULT in policy.own_without_authorisation


def test_every_action_has_a_cell_in_every_column():
    for cells in load_policy(DMP).functions.values():
        assert set(cells) == set(Action)


def test_a_star_for_the_mode_is_every_mode():
    functions = load_policy(DMP).functions
    columns = [functions["direct", "occupational_doctor", mode] for mode in Mode]
    assert columns[0] == columns[1] == columns[2]
    assert columns[0][Action.CONSULT] is Cell.NO


def test_files_of_a_home_replace_the_domains_one_by_one(folder):
    edit(folder / "types.tsv", "\tyes\tknown\t", "\tno\tknown\t")
    own = load_policy(DMP, PolicyFiles(types=folder / "types.tsv"))
    assert own.types != load_policy(DMP).types
    assert own.functions == load_policy(DMP).functions


def test_the_empty_files_are_a_policy_that_gives_nothing(tmp_path):
    for file in ("policy.toml", "functions.tsv", "types.tsv"):
        (tmp_path / file).write_text("# nothing\n", encoding="utf-8")
    policy = load_policy(DMP, files(tmp_path))
    assert replace(policy, vouched_only=False) == Policy()


def test_where_each_part_comes_from_is_known(folder):
    source = read_policy(DMP, PolicyFiles(functions=folder / "functions.tsv"))
    assert source.files["functions"] == str(folder / "functions.tsv")
    assert source.files["policy"].endswith("domains/dmp/access/policy.toml")
    assert {row.status for row in source.functions} == {"known", "assumed"}
    assert "direct:attending_doctor:centre_15" in source.assumed_columns


BAD_FUNCTIONS = {
    "an action that is none": ("\nconsult\t", "\nconsume\t", ["line ", "'consume'", "an action"]),
    "a missing action": ("\nconsult\t", "\n# consult\t", ["no row for consult"]),
    "a row twice": ("\nmask\t", "\nconsult\t", ["consult a second time", "Fix"]),
    "a cell that is none": ("structure\tstructure", "maybe\tstructure", ["'maybe'", "a cell"]),
    "an empty cell": ("structure\tstructure", "\tstructure", ["''", "a cell"]),
    "a cell too few": ("structure\tstructure", "structure", ["cells", "line"]),
    "a status that is none": ("consult\tknown", "consult\tguessed", ["'guessed'", "a status"]),
    "a kind that is none": (":secretary:", ":butler:", ["butler", "kind of caller"]),
    "a mode that is none": (":bris_de_glace", ":at_night", ["at_night", "mode"]),
    "an authentication that is none": ("\tindirect:", "\tvague:", ["vague", "authentication"]),
    "a column of two parts": ("direct:secretary:normal", "direct:secretary", ["no column"]),
    "a column twice": ("*:representative:normal", "*:patient:normal", ["comes twice"]),
    "a column of a star's twice": (
        "*:representative:normal",
        "direct:occupational_doctor:normal",
        ["comes twice"],
    ),
    "another heading": ("action\tstatus\tsource", "action\tsource", ["the heading begins"]),
    "a reference to something else": (
        "\nconsult\tknown\tDMP functional matrix 526 v1.8, TD3.2 not masked\tyes",
        "\nconsult\tknown\t\treference",
        ["only find_reference"],
    ),
}


@pytest.mark.parametrize("name", BAD_FUNCTIONS)
def test_a_bad_function_matrix_is_refused_with_place_and_fix(folder, name):
    old, new, words = BAD_FUNCTIONS[name]
    edit(folder / "functions.tsv", old, new)
    said = refusal(folder)
    assert [w for w in (*words, "functions.tsv") if w not in said] == []


BAD_TYPES = {
    "a type that no document has": ("*\tE1762^ASTM", "*\tE9^ASTM", ["line 25", "E9^ASTM", "Fix"]),
    "a type without scheme": ("*\tE1762^ASTM", "*\tE1762", ["CODE^SCHEME"]),
    "a profession without system": ("*\tE1762^ASTM", "10\tE1762^ASTM", ["CODE^SYSTEM"]),
    "neither yes nor no": ("E1762^ASTM\tyes", "E1762^ASTM\ttrue", ["'true'", "yes or no"]),
    "a row twice": ("*\tE1762^ASTM", "*\t*", ["a second time"]),
    "a cell too many": ("E1762^ASTM\tyes", "E1762^ASTM\tyes\tyes", ["a row is"]),
    "another heading": ("profession\ttype", "type\tprofession", ["the heading is"]),
}


@pytest.mark.parametrize("name", BAD_TYPES)
def test_a_bad_type_matrix_is_refused_with_place_and_fix(folder, name):
    old, new, words = BAD_TYPES[name]
    edit(folder / "types.tsv", old, new)
    said = refusal(folder)
    assert [w for w in (*words, "types.tsv") if w not in said] == []


BAD_POLICIES = {
    "a kind twice": ('name = "secretary"', 'name = "structure"', ["kinds", "once"]),
    "a kind that is reserved": ('name = "secretary"', 'name = "stranger"', ["name of its own"]),
    "a kind that anybody is of": (
        'name = "secretary"\n[[kinds.roles]]\nsystem = "1.2.250.1.213.1.1.4.6"\ncodes = ["SECRE',
        'name = "secretary"\n[[kinds.specialties]]\nsystem = "1.2"\ncodes = ["SECRE',
        ["roles", "who is of the kind"],
    ),
    "a system without codes": ('codes = ["SECRETARIAT_MEDICAL"]', "codes = []", ["codes"]),
    "an action that is none": (
        '"list_records", "find',
        '"dance", "find',
        ["without_auth", "dance"],
    ),
    "a mode that is none": ('normal = "normal"', 'normal = "calm"', ["modes", "calm"]),
    "an authentication that is none": ('["indirect"]', '["psychic"]', ["authentications"]),
    "an emergency of an unknown kind": ('["professional", "doctor"', '["cat"', ["emergency"]),
    "an attending of an unknown kind": ("doctor = ", "druid = ", ["attending", "druid"]),
    "a patient of an unknown kind": ('kinds = ["patient"]', 'kinds = ["pet"]', ["patients", "pet"]),
    "an empty system": ('systems = ["', 'systems = ["", "', ["systems"]),
    "a flag that is none": ("begins_open = true", 'begins_open = "yes"', ["true or false"]),
    "a key that nobody reads": ("vouched_only = true", "vouchd = true", ["vouchd", "remove it"]),
    "an assumption about nothing": ('"*:patient:normal"', '"*:pet:normal"', ["assumed_columns"]),
    "no TOML": ("[record]", "[record", ["not TOML"]),
}


@pytest.mark.parametrize("name", BAD_POLICIES)
def test_a_bad_policy_file_is_refused_with_key_and_fix(folder, name):
    old, new, words = BAD_POLICIES[name]
    edit(folder / "policy.toml", old, new)
    said = refusal(folder)
    assert [w for w in (*words, "policy.toml") if w not in said] == []


@pytest.mark.parametrize("file", ["policy.toml", "functions.tsv", "types.tsv"])
def test_a_file_that_is_missing_or_no_text_is_named(folder, file):
    (folder / file).unlink()
    assert file in refusal(folder)
    (folder / file).write_bytes(b"\xff\xfe\x00")
    assert file in refusal(folder)


def test_files_of_a_policy_are_refused_where_no_policy_is_read(folder):
    said = refusal(folder, load_domain("ihe"))
    assert "any-trusted" in said
    assert "Fix" in said


def test_a_domain_that_was_not_read_from_a_folder_has_no_policy():
    with pytest.raises(PolicyError, match="not read from a folder"):
        load_policy(replace(DMP, folder=None))
