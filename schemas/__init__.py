"""The XML Schemas of every message body, as package data: read them through `xds.contract`."""
