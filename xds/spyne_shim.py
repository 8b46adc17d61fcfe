"""Lets spyne 2.14 be imported on Python 3.11 to 3.13 without a warning or an error.

Why: spyne carries a copy of six whose lazy modules use an import hook that Python 3.12 removed, and
it imports `cgi`, which Python 3.13 removed. Both are provided here from spyne's own six and the
standard library, before `xds.door` imports spyne. Nothing else imports this module.
"""

import importlib.util
import sys
from email.message import Message
from pathlib import Path
from types import ModuleType

SIX = "spyne.util.six"
USED = (
    "",
    ".collections_abc",
    ".http_cookies",
    ".urllib",
    ".urllib.error",
    ".urllib.parse",
    ".urllib.request",
)
"""The lazy modules of six that spyne's server imports."""


def prepare() -> None:
    """Make `import spyne` work. Errors: ImportError when spyne is not installed."""
    if SIX not in sys.modules:
        _load_six()
    if sys.version_info >= (3, 13) and "cgi" not in sys.modules:
        cgi = ModuleType("cgi")
        cgi.parse_header = parse_header  # type: ignore[attr-defined]
        sys.modules["cgi"] = cgi


def parse_header(line: str) -> tuple[str, dict[str, str]]:
    """Return a header's value and its parameters, as the removed `cgi.parse_header` did."""
    message = Message()
    message["content-type"] = line
    parameters = message.get_params(failobj=[("", "")])
    return parameters[0][0], {name: str(value) for name, value in parameters[1:]}


def _load_six() -> None:
    """Load spyne's six under its own name and every lazy module of it at once."""
    spyne = importlib.util.find_spec("spyne")
    if spyne is None or not spyne.submodule_search_locations:
        raise ImportError("spyne is not installed")
    path = Path(spyne.submodule_search_locations[0], "util", "six.py")
    spec = importlib.util.spec_from_file_location(SIX, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    six = importlib.util.module_from_spec(spec)
    sys.modules[SIX] = six
    spec.loader.exec_module(six)
    hooks = [hook for hook in sys.meta_path if type(hook).__module__ == SIX]
    # Everything is loaded here; the hook itself only warns (3.11) or fails (3.12).
    sys.meta_path[:] = [hook for hook in sys.meta_path if hook not in hooks]
    known = six._importer.known_modules  # noqa: SLF001 - the point of it
    for name in (f"{SIX}.moves{part}" for part in USED):
        lazy = known[name]
        resolve = getattr(lazy, "_resolve", None)
        sys.modules[name] = resolve() if resolve else lazy
