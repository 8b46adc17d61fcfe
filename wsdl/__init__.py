"""The WSDL of each service, as package data: read them through `xds.contract`."""
