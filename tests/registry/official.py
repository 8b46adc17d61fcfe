"""HL7's own schemas of 2009, where they are at hand: they are not the project's to ship."""

import os
import threading
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

FOLDER = Path(
    os.environ.get("HL7_V3_2009_SCHEMAS")
    or Path(__file__).parents[3] / "shared/reference/schema/HL7V3/NE2009/multicacheschemas"
)
"""A folder with HL7's own names of its schemas."""
_lock = threading.Lock()


@cache
def _schema(name):
    path = FOLDER / f"{name}.xsd"
    return etree.XMLSchema(etree.parse(path)) if path.exists() else None


def need_official():
    """Skip a test that is about HL7's schemas alone."""
    if not FOLDER.is_dir():
        pytest.skip(f"HL7's schemas of 2009 are not at {FOLDER}")


def official(name, message):
    """Hold a message against HL7's schema of that name, if it is there."""
    with _lock:
        schema = _schema(name)
        if schema is not None:
            schema.assertValid(message)
