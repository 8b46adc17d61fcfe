"""wsdl."""
