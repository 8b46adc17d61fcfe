"""`greffe patient open|close|…|show`: what it prints, refuses and leaves in the home."""

import json
import re
import shutil
from pathlib import Path

import pytest

from greffe.cli import main
from greffe.home import make_home
from greffe.patient_choices import CHOICES
from xds.audit.trail import verify_trail
from xds.clock import now

DOCS = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
PATIENTS = {
    "dmp": "284026938104238^^^&1.2.250.1.213.1.4.10&ISO^NH",
    "ihe": "ONE^^^&1.3.6.1.4.1.21367.13.20.1000&ISO",
}
CX = PATIENTS["dmp"]
ADA = "899900000001"


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    """The octets of a home of each domain with one patient, made once."""
    made = {}
    for domain, patient in PATIENTS.items():
        folder = tmp_path_factory.mktemp("homes") / domain
        make_home(folder, domain=domain, instant=now())
        assert main(["patient", "add", patient, "--home", str(folder)]) == 0
        made[domain] = folder
    return made


@pytest.fixture
def patient(homes, tmp_path, capsys):
    """Runs `greffe patient ACTION CX …` on a home of its own; gives exit code, stdout, stderr."""
    home = tmp_path / "home"
    shutil.copytree(homes["dmp"], home)

    def run(action, *words, cx=CX):
        capsys.readouterr()
        code = main(["patient", action, cx, *words, "--home", str(home)])
        return (code, *capsys.readouterr())

    run.home = home
    return run


def as_json(patient, action, *words):
    code, out, _ = patient(action, *words, "--json")
    return code, json.loads(out)


def record(patient):
    return as_json(patient, "show")[1]["record"]


# -- showing ---------------------------------------------------------------------------------------


def test_before_any_choice_the_record_is_open_in_the_french_domain(patient):
    code, out, _ = patient("show")
    assert code == 0
    assert "open (nothing was chosen yet)" in out
    assert "nobody is authorised" in out
    assert record(patient)["is_chosen"] is False


def test_people_are_shown_as_a_table_with_standing_since_and_until(patient):
    patient("authorise", ADA, "--name", "Dr Claire MARTIN", "--until", "2099-01-31")
    patient("attending", "899900000002", "--name", "Dr Jean PETIT")
    patient("block", "1120456789", "--structure")
    _, out, _ = patient("show")
    lines = [re.split(r"  +", line.strip()) for line in out.splitlines()]
    head = next(i for i, line in enumerate(lines) if line[0] == "who")
    assert lines[head] == ["who", "name", "specialty", "stands", "since", "until"]
    assert [line[0] for line in lines[head + 1 :]] == [
        *("899900000002", ADA, "1120456789 (structure)")
    ]
    assert "2099-02-01 00:00" in lines[head + 2]
    assert "BLOCKED" in out


def test_an_unknown_patient_has_no_record_to_show(patient):
    code, out, err = patient("show", cx="X^^^&1.2.250.1.213.1.4.10&ISO")
    assert (code, out) == (1, "")
    assert err.startswith("greffe patient show: patient 'X^^^")
    assert "greffe patient add" in err


# -- choosing --------------------------------------------------------------------------------------


def test_a_choice_says_what_changed_and_what_it_means(patient):
    code, out, _ = patient("block", ADA, "--name", "Dr Claire MARTIN")
    assert code == 0
    assert f"blocked {ADA}: no -> yes" in out
    assert f"Dr Claire MARTIN ({ADA}) never sees anything" in out
    assert verify_trail(patient.home / "audit" / "registry.jsonl").lines >= 2


def test_a_dry_run_says_it_and_changes_nothing(patient):
    lines = verify_trail(patient.home / "audit" / "registry.jsonl").lines
    code, out, _ = patient("close", "--dry-run")
    assert code == 0
    assert "would change (--dry-run; nothing was changed)" in out
    assert "record: open -> closed" in out
    assert record(patient)["state"] == "open"
    assert verify_trail(patient.home / "audit" / "registry.jsonl").lines == lines


def test_the_same_choice_again_changes_nothing_and_is_no_error(patient):
    patient("block", ADA)
    code, out, _ = patient("block", ADA)
    assert code == 0
    assert "nothing to change: it is so already" in out
    code, answer = as_json(patient, "block", ADA)
    assert (code, answer["changed"], answer["differences"]) == (0, False, [])


def test_a_refusal_names_object_rule_and_fix_and_changes_nothing(patient):
    patient("block", ADA)
    code, out, err = patient("authorise", ADA)
    assert (code, out) == (1, "")
    assert err.startswith(f"greffe patient authorise: person '{ADA}': ")
    assert "Fix: lift the block first: greffe patient unblock" in err
    code, answer = as_json(patient, "authorise", ADA)
    assert (code, answer["errors"][0]["kind"]) == (1, "refused")


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2099-01-31", "20990201000000"),
        ("2099-01-31T12:00", "20990131120000"),
        ("2099-01-31T12:00+02:00", "20990131100000"),
    ],
)
def test_an_authorisation_ends_when_the_patient_says(patient, text, stored):
    patient("authorise", ADA, "--until", text)
    assert record(patient)["people"][0]["until"] == stored


def test_an_end_that_is_no_date_is_a_wrong_command_line(patient):
    code, _, err = patient("authorise", ADA, "--until", "soon")
    assert code == 2
    assert "--until: 'soon' is no date" in err


EVERY = {
    "open": (),
    "close": (),
    "authorise": (ADA,),
    "withdraw": (ADA,),
    "block": (ADA,),
    "unblock": (ADA,),
    "attending": (ADA,),
    "resign": (ADA,),
    "represent": ("255069900000056",),
    "mask-new": ("on",),
    "consent": ("--masked", "yes"),
    "contact": ("--email", "claire@example.org"),
}


def test_every_choice_is_tried_here():
    assert EVERY.keys() == CHOICES.keys()


@pytest.mark.parametrize("action", EVERY)
def test_every_choice_prints_its_documented_object(patient, action):
    code, answer = as_json(patient, action, *EVERY[action])
    assert code == 0, answer
    example = re.search(r"## `greffe/record-change/1`.*?```json\n(.*?)```", DOCS, re.DOTALL)
    assert answer.keys() == json.loads(example[1]).keys()
    assert answer["choice"] == action
    assert answer["meaning"].endswith(".")
    assert "{" not in answer["meaning"]


def test_the_record_prints_its_documented_object(patient):
    patient("authorise", ADA)
    _, answer = as_json(patient, "show")
    example = re.search(r"## `greffe/record/1`.*?```json\n(.*?)```", DOCS, re.DOTALL)
    documented = json.loads(example[1])
    assert answer.keys() == documented.keys()
    assert answer["record"].keys() == documented["record"].keys()
    assert answer["record"]["people"][0].keys() == documented["record"]["people"][0].keys()
    assert answer["record"]["emergency"].keys() == documented["record"]["emergency"].keys()


def test_a_representative_is_one_no_more(patient):
    patient("represent", "255069900000056")
    assert record(patient)["people"][0]["standing"] == "representative"
    patient("represent", "255069900000056", "--end")
    assert record(patient)["people"] == []


def test_where_every_trusted_caller_may_all_the_choices_say_that_they_do_nothing(homes, capsys):
    cx = PATIENTS["ihe"]
    assert main(["patient", "block", cx, "1", "--dry-run", "--home", str(homes["ihe"])]) == 0
    assert "permits every trusted caller" in capsys.readouterr().err


def test_without_a_trail_nothing_is_changed(patient):
    trail = patient.home / "audit" / "registry.jsonl"
    trail.rename(trail.with_suffix(".away"))
    trail.mkdir()
    code, _, err = patient("close")
    assert code == 2
    assert "so nothing was changed" in err
    trail.rmdir()
    assert record(patient)["state"] == "open"


def test_a_document_that_is_not_the_patients_is_not_masked(patient):
    code, _, err = patient("mask", "1.2.3")
    assert code == 1
    assert "greffe patient mask: document 1.2.3" in err


def test_a_merge_tells_what_became_of_the_choices(patient, capsys):
    other = "151077511806383^^^&1.2.250.1.213.1.4.10&ISO^NH"
    home = str(patient.home)
    assert main(["patient", "add", other, "--home", home]) == 0
    patient("block", ADA, cx=other)
    capsys.readouterr()
    assert main(["patient", "merge", CX, other, "--home", home]) == 0
    assert f"blocked {ADA}: no -> yes" in capsys.readouterr().out
    assert record(patient)["people"][0]["standing"] == "blocked"
