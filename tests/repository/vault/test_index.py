"""repository.vault.index: one uniqueId names one document's bytes, whoever comes first."""

import threading

import pytest

from repository.vault.api import Holding, Receipt, VaultError
from repository.vault.index import open_index


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/index.db"
        return
    server = request.getfixturevalue("postgres_server")
    name = server.clone()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def index(url):
    index = open_index(url)
    yield index
    index.close()


def holding(unique_id="1.2.3", content="a", mime_type="text/xml") -> Holding:
    receipt = Receipt(sha256=content * 64, sha1=content * 40, size_octets=ord(content))
    return Holding(unique_id=unique_id, receipt=receipt, mime_type=mime_type)


def test_what_was_admitted_is_found_and_the_rest_is_not(index):
    assert index.admit([holding("1.1"), holding("1.2", "b")]) == ()
    assert index.find(["1.1", "1.2", "1.3"]) == {"1.1": holding("1.1"), "1.2": holding("1.2", "b")}
    assert index.find([]) == {}


def test_the_same_bytes_again_are_legal_and_keep_the_first_mime_type(index):
    index.admit([holding()])
    assert index.admit([holding(mime_type="text/goofy")]) == ()
    assert index.find(["1.2.3"])["1.2.3"].mime_type == "text/xml"


def test_other_bytes_are_a_conflict_that_names_both(index):
    index.admit([holding()])
    (conflict,) = index.admit([holding(content="b")])
    assert conflict.held == holding()
    assert conflict.offered == holding(content="b")


def test_a_conflict_of_one_document_admits_none_and_all_conflicts_are_named(index):
    index.admit([holding("1.1"), holding("1.2")])
    offered = [holding("1.1", "b"), holding("1.2", "c"), holding("1.3", "d")]
    assert {c.offered.unique_id for c in index.admit(offered)} == {"1.1", "1.2"}
    assert set(index.find(["1.1", "1.2", "1.3"])) == {"1.1", "1.2"}
    assert index.admit([holding("1.3", "e")]) == ()


def test_a_withdrawn_uniqueid_may_name_other_bytes(index):
    index.admit([holding()])
    index.withdraw([holding()])
    assert index.find(["1.2.3"]) == {}
    assert index.admit([holding(content="b")]) == ()


def test_withdrawing_one_of_two_submissions_leaves_the_other(index):
    index.admit([holding()])
    index.admit([holding()])
    index.withdraw([holding()])
    assert "1.2.3" in index.find(["1.2.3"])


def test_a_thousand_uniqueids_in_one_look(index):
    many = [holding(f"1.{n}") for n in range(1200)]
    index.admit(many)
    assert len(index.find([h.unique_id for h in many])) == 1200
    assert index.count() == 1200


def test_two_contents_at_once_under_one_uniqueid_one_wins(index):
    """F11."""
    barrier, outcomes = threading.Barrier(8), []

    def submit(content):
        barrier.wait()
        outcomes.append((content, index.admit([holding("9.9", content), holding(f"8.{content}")])))

    threads = [threading.Thread(target=submit, args=(c,)) for c in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [content for content, conflicts in outcomes if not conflicts]
    assert len(winners) == 1
    assert index.find(["9.9"])["9.9"] == holding("9.9", winners[0])
    assert index.count() == 2


def test_the_same_submission_at_once_all_are_admitted_and_counted(index):
    """F10."""
    barrier, outcomes = threading.Barrier(8), []

    def submit():
        barrier.wait()
        outcomes.append(index.admit([holding("b"), holding("a")]))

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [()] * 8
    for _ in range(7):
        index.withdraw([holding("a"), holding("b")])
    assert index.count() == 2
    index.withdraw([holding("a"), holding("b")])
    assert index.count() == 0


def test_an_index_that_cannot_be_opened_says_so(tmp_path):
    with pytest.raises(VaultError, match="cannot be opened"):
        open_index(f"sqlite:///{tmp_path}/no/such/folder/index.db")


def test_reopening_finds_what_was_there(url):
    first = open_index(url)
    first.admit([holding()])
    first.close()
    second = open_index(url)
    assert second.find(["1.2.3"]) == {"1.2.3": holding()}
    second.close()
