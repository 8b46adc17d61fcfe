"""Removals (ITI-62) as octets: the ids of what is to go."""

from xds.namespaces import LCM, RIM


def a_removal(*entry_uuids, attributes="", before="", after=""):
    refs = "".join(f'<rim:ObjectRef id="{one}"/>' for one in entry_uuids)
    return (
        f'<lcm:RemoveObjectsRequest xmlns:lcm="{LCM}" xmlns:rim="{RIM}"{attributes}>{before}'
        f"<rim:ObjectRefList>{refs}</rim:ObjectRefList>{after}</lcm:RemoveObjectsRequest>"
    ).encode()
