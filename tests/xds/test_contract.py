"""`?wsdl` and `?xsd=NAME`: the project's files with the caller's address in them."""

import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from xds.contract import DECISION_BODY, FEED_BODY, SERVED_SCHEMAS, load_schema, served
from xds.namespaces import HL7V3

URL = "http://127.0.0.1:8080/registry"
XS = "{http://www.w3.org/2001/XMLSchema}"
ADDRESS = "{http://schemas.xmlsoap.org/wsdl/soap12/}address"


def references(root):
    return [one.get("schemaLocation") for one in root.iter(f"{XS}import", f"{XS}include")]


@pytest.mark.parametrize("query", ["wsdl", "WSDL", "wsdl=", "Wsdl=1", "x=1&wsdl"])
@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("registry", "DocumentRegistry"),
        ("repository", "DocumentRepository"),
        ("patients", "DocumentRegistry"),
        ("decisions", "AuthorizationDecisionsManager"),
    ],
)
def test_a_service_serves_its_own_description_with_its_address(query, service, name):
    answer = served(query, URL, service)
    root = etree.fromstring(answer.body)
    assert answer.content_type == "text/xml; charset=utf-8"
    assert root.get("name") == name
    assert [one.get("location") for one in root.iter(ADDRESS)] == [URL]


DECISION_ROOTS = {f"xsd={DECISION_BODY}", "xsd=saml-protocol.xsd", "xsd=xacml-policy.xsd"}
XDS_ROOTS = {f"xsd={one}.xsd" for one in ("rim", "xml", "rs", "lcm", "query")}


@pytest.mark.parametrize(
    ("service", "least"),
    [("registry", XDS_ROOTS), ("repository", XDS_ROOTS), ("decisions", DECISION_ROOTS)],
)
def test_every_schema_that_is_referred_to_is_served_and_none_lies_on_another_server(service, least):
    seen, waiting = set(), ["wsdl"]
    while waiting:
        query = waiting.pop()
        seen.add(query)
        root = etree.fromstring(served(query, URL, service).body)
        for reference in references(root):
            assert reference.startswith(f"{URL}?xsd=")
            query = reference.partition("?")[2]
            waiting += [query] if query not in seen else []
    assert least <= seen


def test_the_patient_identity_feed_is_described_by_one_schema_and_the_registry_without_it():
    (schema,) = references(etree.fromstring(served("wsdl", URL, "patients").body))
    assert schema == f"{URL}?xsd={FEED_BODY}"
    assert references(etree.fromstring(served(f"xsd={FEED_BODY}", URL, "patients").body)) == []
    assert HL7V3.encode() not in served("wsdl", URL, "registry").body


def test_the_registry_is_described_without_the_decisions_that_only_repositories_ask_for():
    described = served("wsdl", URL, "registry").body
    assert b"xacml" not in described
    assert b"SAML" not in described


@pytest.mark.parametrize("name", SERVED_SCHEMAS)
def test_a_schema_is_asked_for_by_its_name(name):
    assert etree.fromstring(served(f"XSD={name}", URL, "registry").body).tag == f"{XS}schema"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "wsd",
        "xsd",
        "xsd=",
        "xsd=rim",
        "xsd=RIM.XSD",
        "xsd=../pyproject.toml",
        "xsd=..%2Fwsdl%2FDocumentRegistry.wsdl",
        "xsd=DocumentRegistry.wsdl",
        "xsd=__init__.py",
        "xsd=/etc/passwd",
        "xsd=rim.xsd%00",
        "&".join(f"a{n}=1" for n in range(100)) + "&wsdl",
    ],
)
def test_what_is_not_ours_is_not_served(query):
    assert served(query, URL, "registry") is None


@given(st.text(), st.sampled_from(["registry", "repository", "patients"]))
def test_any_query_is_answered_or_unknown(query, service):
    answer = served(query, URL, service)
    assert answer is None or etree.fromstring(answer.body) is not None


@given(st.text(st.characters(exclude_categories=[])))
def test_whatever_the_host_header_says_the_description_stays_well_formed(host):
    root = etree.fromstring(served("wsdl", f"http://{host}/registry", "registry").body)
    (address,) = (one.get("location") for one in root.iter(ADDRESS))
    assert address.isascii()
    assert not set(address) & set('<>"?# \t\r\n')
    assert references(root)[0] == f"{address}?xsd=rim.xsd"


def test_an_address_that_is_plain_is_left_alone():
    for url in ("https://node.example:8443/xds/registry", "http://[::1]:8080/registry"):
        assert url.encode() in served("wsdl", url, "registry").body


def test_threads_do_not_share_a_validator_but_one_thread_makes_it_once():
    elsewhere = []
    thread = threading.Thread(target=lambda: elsewhere.append(load_schema()))
    thread.start()
    thread.join()
    assert load_schema() is load_schema()
    assert elsewhere[0] is not load_schema()


MANY_AT_ONCE = """
import sys, threading
from lxml import etree
from xds.contract import load_schema

sys.setswitchinterval(1e-6)
together = threading.Barrier(8)

def work():
    together.wait()
    etree.fromstring(b"<a/>")
    load_schema()
    etree.fromstring(b"<a/>")

threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_the_first_validators_of_a_process_are_made_in_many_threads_at_once():
    """libxml2 has one loader of files for the process, which a parser in another thread resets."""
    for _ in range(12):  # only the first of a process come in each other's way
        done = subprocess.run(
            [sys.executable, "-c", MANY_AT_ONCE], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
