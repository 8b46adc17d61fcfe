"""How the demo looks: numbered steps, the commands, what came of them.

Spec: none.
"""

import textwrap
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from greffe.output import table

_MAX_COLUMNS: Final = 110


class Teller:
    """Tells the story on a terminal, or into a file, at a width that can be read."""

    def __init__(self) -> None:
        console = Console(highlight=False)
        width = min(console.width, _MAX_COLUMNS) if console.is_terminal else _MAX_COLUMNS
        self._console = Console(highlight=False, width=width)
        self._steps = 0

    def title(self, text: str) -> None:
        """Begin."""
        self._console.print(Text(text, style="bold"))

    def step(self, text: str) -> None:
        """Begin a step."""
        self._steps += 1
        self._console.print()
        self._console.print(Text.assemble((f"{self._steps}. ", "bold cyan"), (text, "bold")))

    def command(self, text: str) -> None:
        """Show a command as a reader would type it."""
        self._console.print(Text(f"   $ greffe {text}", style="dim"), soft_wrap=True)

    def say(self, text: str) -> None:
        """Say a sentence."""
        self._wrapped(text, "", hanging="")

    def rows(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show a table."""
        self._console.print(Padding(table(headings, rows), (0, 0, 0, 3)))

    def good(self, text: str) -> None:
        """Say that something was checked and is right."""
        self._wrapped(f"✓ {text}", "green")

    def refused(self, code: str, text: str) -> None:
        """Show a server's refusal, in its own words."""
        self._wrapped(f"✗ {code}", "yellow")
        self._wrapped(f"  {text}", "", hanging="")

    def bad(self, text: str) -> None:
        """Say that something is not as told."""
        self._console.print()
        self._wrapped(f"✗ {text}", "bold red")

    def _wrapped(self, text: str, style: str, *, hanging: str = "  ") -> None:
        for line in text.splitlines():
            indent = "   " + " " * (len(line) - len(line.lstrip()))
            lines = textwrap.wrap(
                line.strip(),
                self._console.width,
                initial_indent=indent,
                subsequent_indent=indent + hanging,
                break_long_words=False,
            )
            for wrapped in lines:
                self._console.print(Text(wrapped, style=style), soft_wrap=True)
