"""Strategies: any RimObject that XML can carry, and values of each HL7 type."""

from hypothesis import strategies as st

from xds.metadata import hl7v2, party
from xds.metadata.rim import LocalizedString, RimObject, Slot, VersionInfo

xml_text = st.text(
    st.one_of(
        st.sampled_from("&<>\"'^|~\\ \t\n\ré—😀"),
        st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="￾￿"),
    ),
    max_size=20,
)
"""Any text that XML 1.0 can carry."""
uris = st.text("abcdefghijklmnopqrstuvwxyz:-.0123456789&<\"'", max_size=12)
"""Attributes of type anyURI: without surrounding white space, which XML Schema drops."""

slots = st.builds(
    Slot,
    name=xml_text.filter(bool),
    values=st.lists(xml_text, max_size=3).map(tuple),
    slot_type=st.none() | uris,
)
strings = st.none() | st.lists(
    st.builds(
        LocalizedString,
        value=xml_text,
        lang=st.none() | st.sampled_from(("fr-FR", "en")),
        charset=st.none() | st.just("UTF-8"),
    ),
    max_size=2,
).map(tuple)
versions = st.none() | st.builds(
    VersionInfo, version_name=st.none() | xml_text, comment=st.none() | xml_text
)
FREE_TEXT = ("value", "nodeRepresentation", "mimeType")


def attributes(*names: str):
    pairs = [st.tuples(st.just(name), xml_text if name in FREE_TEXT else uris) for name in names]
    return st.lists(st.one_of(pairs), max_size=len(names), unique_by=lambda pair: pair[0]).map(
        tuple
    )


def _objects(tag: str, names: tuple[str, ...], inner, identifiers):
    return st.builds(
        RimObject,
        tag=st.just(tag),
        attributes=attributes("id", "home", "lid", "objectType", "status", *names),
        slots=st.lists(slots, max_size=3).map(tuple),
        name=strings,
        description=strings,
        version_info=versions,
        classifications=inner,
        external_identifiers=identifiers,
        content_version_info=versions if tag == "ExtrinsicObject" else st.none(),
    )


_none = st.just(())
classifications = _objects(
    "Classification",
    ("classificationScheme", "classifiedObject", "classificationNode", "nodeRepresentation"),
    _none,
    _none,
)
external_identifiers = _objects(
    "ExternalIdentifier",
    ("registryObject", "identificationScheme", "value"),
    _none,
    _none,
)
_inner = (
    st.lists(classifications, max_size=2).map(tuple),
    st.lists(external_identifiers, max_size=2).map(tuple),
)
rim_objects = st.one_of(
    _objects("ExtrinsicObject", ("mimeType", "isOpaque"), *_inner),
    _objects("RegistryPackage", (), *_inner),
    _objects(
        "Association",
        ("associationType", "sourceObject", "targetObject"),
        *_inner,
    ),
    classifications,
    st.builds(
        RimObject,
        tag=st.just("ObjectRef"),
        attributes=attributes("id", "home", "createReplica"),
        slots=st.lists(slots, max_size=1).map(tuple),
    ),
)

# -- HL7 v2 ----------------------------------------------------------------------------------------

component = st.text(
    st.one_of(st.sampled_from("^|~\\&é -"), st.characters(codec="utf-8", exclude_categories=["C"])),
    max_size=12,
).filter(lambda text: text == text.strip() and not any(e in text for e in hl7v2.DOUBLE_ESCAPES))
some = component.filter(bool)
oids = st.lists(st.integers(0, 99999), min_size=2, max_size=8).map(lambda a: ".".join(map(str, a)))
authorities = st.builds(hl7v2.Authority, universal_id=oids, universal_type=st.just("ISO"))
cxs = st.builds(hl7v2.Cx, id_number=some, authority=oids)
cxis = st.builds(
    hl7v2.Cxi,
    id_number=some,
    type_code=st.sampled_from(("urn:ihe:iti:xds:2013:order", "urn:example:local", "MR")),
    authority=authorities,
)
xcns = st.builds(
    party.Xcn,
    id_number=component,
    family_name=some,
    given_name=component,
    further_names=component,
    suffix=component,
    prefix=component,
    authority=st.none() | authorities,
)
xons = st.builds(
    party.Xon, name=some, authority=st.none() | authorities, identifier=st.just("") | oids
)
xtns = st.builds(
    party.Xtn,
    use=component,
    equipment=st.sampled_from(("PH", "CP", "FX")),
    country=component,
    area=component,
    number=some,
    extension=component,
)
dtms = st.datetimes().flatmap(
    lambda instant: st.sampled_from((4, 6, 8, 10, 12, 14)).map(
        lambda length: instant.strftime("%Y%m%d%H%M%S").zfill(14)[:length]
    )
)
