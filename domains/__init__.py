"""Affinity domains, one folder each; `xds.domain` reads them. README.md says what is in one."""
