"""greffe demo: ends with 0, tells every step, and notices what is not as told."""

from tests.flow.nodes import greffe


def test_the_story_is_told_to_its_end_and_leaves_nothing(tmp_path):
    done = greffe("demo", env_folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for step in range(1, 9):
        assert f"\n{step}. " in done.stdout
    for said in (
        "7 documents stored",
        "all 7 are found",
        "every byte is as it was",
        "the record does not exist",
    ):
        assert said in done.stdout
    assert "EMERGENCY · break-glass · patient inconscient" in done.stdout
    for refused in ("InvalidSecurityToken", "XDSUnknownPatientId", "XDSNonIdenticalHash"):
        assert f"✗ {refused}" in done.stdout or f"/{refused}" in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_named_is_kept(tmp_path):
    home = tmp_path / "home"
    assert greffe("demo", "--home", home, env_folder=tmp_path).returncode == 0
    assert (home / "greffe.toml").is_file()
    again = greffe("demo", "--home", home, env_folder=tmp_path)
    assert again.returncode != 0
    assert "not empty" in again.stdout
