"""THE table of error codes: complete, one to one, and its page fresh."""

from pathlib import Path

from xds.error_codes import ERROR_TABLE, ErrorCode, render_markdown

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def test_every_code_has_exactly_one_row_in_the_order_of_the_codes():
    assert [row.code for row in ERROR_TABLE] == list(ErrorCode)


def test_every_row_says_something_and_names_its_source():
    for row in ERROR_TABLE:
        assert row.meaning.endswith("."), row.code
        assert row.spec
        assert set(row.actors) <= {"registry", "repository"}


def test_codes_named_after_an_actor_are_that_actor_s():
    for row in ERROR_TABLE:
        if row.code.startswith("XDSRepository"):
            assert row.actors in {("repository",), ()}, row.code


def test_the_page_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == render_markdown(), (
        "run: python -m xds.error_codes > docs/errors.md"
    )


def test_the_page_names_every_code():
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{code}` |" in page for code in ErrorCode)
