"""What a transaction asks of an attribute, and why it may not be there.

Spec: ITI TF-3 Table 4.3.1-3 (a column for each transaction and actor); ITI TF-2 §3.61.4.1.2 (what
ITI-61 asks otherwise). The columns themselves are in the attribute table.
"""

from typing import TypedDict

from xds.errors import quote
from xds.metadata import vocabulary as v
from xds.metadata.attributes import Attribute, Carrier, Need, Subject
from xds.metadata.policy import Actor
from xds.metadata.rim import RimObject


class Why(TypedDict):
    """The words of a complaint about an attribute that is prohibited."""

    rule: str
    came: str
    expected: str
    fix: str


def need_of(attribute: Attribute, actor: Actor, rim: RimObject) -> Need:
    """Return what the sender must do about an attribute of this object."""
    if actor == "repository":
        return attribute.source
    is_on_demand = attribute.subject is Subject.DOCUMENT_ENTRY and (
        rim.attribute("objectType") == v.ON_DEMAND
    )
    return (is_on_demand and attribute.on_demand) or attribute.repository


def why_prohibited(attribute: Attribute, text: str) -> Why:
    """Return what to say of an attribute that is there and may not be."""
    if attribute.carrier is Carrier.FLAG:
        return Why(
            rule=f"{attribute.label} is only for a Metadata-Limited Document Source of XDR "
            f"(ITI TF-3 §{attribute.section}, Table 4.3.1-3)",
            came="the flag",
            expected="no such Classification",
            fix="remove the flag and send the full metadata",
        )
    return Why(
        rule=f"{attribute.label} is not specified for an On-Demand DocumentEntry, whose document "
        "does not exist yet (ITI TF-2 §3.61.4.1.2)",
        came=quote(text),
        expected=f"no {attribute.name}",
        fix="remove it",
    )
