"""bench.scale: two ledgers behind Registries of their own, asked in turns, also of one size."""

from dataclasses import replace

from bench import scale
from bench.bulk import EACH


def test_a_ledger_is_measured_against_a_small_one_also_of_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(scale, "SMALL", EACH)
    measures = [
        replace(pair, times=2).run() for pair in scale.at_scale(tmp_path, EACH, ("sqlite",))
    ]
    name = f"ITI-18 {EACH} of {EACH}, sqlite"
    assert [m.name for m in measures] == [name, f"{name}, cold"]
    assert {m.yardstick for m in measures} == {f"the same of {EACH}"}
    assert [m.target for m in measures] == [scale.TARGET, ""]
    assert all(m.seconds > 0 and m.yardstick_seconds > 0 for m in measures)
