"""`greffe patient add|merge|list`: the patients of a home, by hand, with and without a node."""

import json
import uuid

import pytest

from tests.flow.nodes import greffe, greffe_json, make_home

AUTHORITY = {"ihe": "1.3.6.1.4.1.21367.13.20.1000", "dmp": "1.2.250.1.213.1.4.10"}


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "home")


def a_patient(domain="ihe"):
    body = 2_84_02_69_000_000 + uuid.uuid4().int % 10**6
    name = f"{body}{97 - body % 97:02}" if domain == "dmp" else f"P-{uuid.uuid4().hex[:10]}"
    return f"{name}^^^&{AUTHORITY[domain]}&ISO"


def patient(*words, home):
    return greffe("patient", *words, "--home", home)


def known(home):
    """The list as a script reads it, by identifier."""
    code, answer = greffe_json("patient", "list", "--home", home)
    assert (code, answer["shape"], answer["errors"]) == (0, "greffe/patients/1", [])
    return {one.pop("patient_id"): one for one in answer["patients"]}


def test_nobody_is_known_at_first(home):
    assert known(home) == {}
    assert patient("list", home=home).stdout == "no patient is known\n"


def test_a_patient_is_added_once(home):
    one = a_patient()
    assert patient("add", one, home=home).stdout == f"{one}: now known\n"
    assert patient("add", one, home=home).stdout == f"{one}: was known already\n"
    (facts,) = known(home).values()
    assert (facts["documents"], facts["merged_into"]) == (0, "")
    assert len(facts["known_since"]) == 14


def test_the_list_is_a_table_for_people(home):
    one = a_patient()
    patient("add", one, home=home)
    shown = patient("list", home=home)
    assert shown.returncode == 0
    assert one.partition("^")[0] in shown.stdout
    assert "known since" in shown.stdout


def test_one_patient_is_merged_into_another_with_all_documents(node, tmp_path):
    """Beside a running node, which sees it at once."""
    survivor, subsumed = a_patient(node.domain), a_patient(node.domain)
    for one in (survivor, subsumed):
        assert patient("add", one, home=node.home).returncode == 0
        path = tmp_path / f"{uuid.uuid4()}.txt"
        path.write_text(f"A note of {uuid.uuid4()}.\n")
        code, _ = greffe_json("submit", path, "--patient", one, "--home", node.home)
        assert code == 0
    done = patient("merge", survivor, subsumed, home=node.home)
    assert (done.returncode, done.stdout) == (0, f"{subsumed}: is now {survivor}\n")
    code, found = greffe_json("query", "find-documents", "--patient", survivor, "--home", node.home)
    assert (code, len(found["documents"])) == (0, 2)
    listed = known(node.home)
    assert listed[survivor]["documents"] == 2
    assert listed[subsumed] | {"known_since": ""} == {
        "known_since": "",
        "merged_into": survivor,
        "documents": 0,
    }
    again = patient("merge", survivor, subsumed, home=node.home)
    assert again.returncode == 2
    assert "was merged into" in again.stderr
    assert "Fix: " in again.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "no identifier"), "CX"),
        (("add", ""), "CX"),
        (("merge", a_patient(), a_patient()), "does not know"),
        (("merge", "X", "Y"), "CX"),
    ],
)
def test_what_is_refused_is_said_in_one_line_with_the_fix(home, words, says):
    done = patient(*words, home=home)
    assert done.returncode == 2
    assert done.stdout == ""
    assert says in done.stderr
    assert "Fix: " in done.stderr
    assert "Traceback" not in done.stderr
    assert known(home) == {}


def test_a_patient_is_not_merged_into_itself(home):
    one = a_patient()
    patient("add", one, home=home)
    done = patient("merge", one, one, home=home)
    assert done.returncode == 2
    assert "not the same" in done.stderr


def test_what_is_changed_by_hand_is_in_the_trail(home):
    survivor, subsumed = a_patient(), a_patient()
    for words in (("add", survivor), ("add", subsumed), ("merge", survivor, subsumed)):
        patient(*words, home=home)
    lines = (home / "audit" / "registry.jsonl").read_text().splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert [(e["transaction"], e["action"]) for e in events] == [
        ("greffe patient add", "C"),
        ("greffe patient add", "C"),
        ("greffe patient merge", "U"),
    ]
    assert events[-1]["concerned"]["patients"] == [survivor, subsumed]


def test_in_france_a_wrong_control_key_is_said(tmp_path):
    home = make_home(tmp_path / "home", "dmp")
    wrong = "279035121518988^^^&1.2.250.1.213.1.4.{}&ISO"
    refused = patient("add", wrong.format(8), home=home)
    assert refused.returncode == 2
    assert "control key" in refused.stderr
    warned = patient("add", wrong.format(10), home=home)
    assert warned.returncode == 0
    assert "warning: " in warned.stderr
    assert list(known(home)) == [wrong.format(10)]


def test_without_a_home_it_says_so(tmp_path):
    for words in (("list",), ("add", a_patient()), ("merge", a_patient(), a_patient())):
        done = patient(*words, home=tmp_path / "nowhere")
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
