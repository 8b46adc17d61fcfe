"""The octets of a connection become messages: MLLP without I/O.

Theory. A message is VT, its octets, FS, CR. Octets are pushed in as they arrive, in any portions;
messages come out in order, several from one portion if there are several. What stands between
messages is nothing if it is white space, and garbage otherwise: it is dropped and counted. A VT
inside a message begins it anew, because its sender gave the first one up. The CR after FS is not
waited for: some senders leave it out.

Law: any portioning of the same octets gives the same messages, and no octets raise anything but
`FrameTooLongError`.

Spec: MLLP release 1 (HL7); ITI TF-2 Appendix C.2.1.
"""

from typing import Final

START: Final = b"\x0b"
END: Final = b"\x1c"
CR: Final = b"\r"
BETWEEN: Final = b"\r\n\t "


class FrameTooLongError(Exception):
    """A message longer than the limit, or more garbage than that; `head` is how it begins."""

    def __init__(self, head: bytes) -> None:
        self.head = head
        super().__init__("more octets than a message may have")


class Framing:
    """One connection's reading side."""

    def __init__(self, limit: int) -> None:
        """Accept messages of at most so many octets."""
        self._limit = limit
        self._portions: list[bytes] = []
        self._length = 0
        self._is_inside = False
        self.garbage = 0
        """Octets that were dropped so far."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a message has come yet."""
        return not self._is_inside

    def push(self, octets: bytes) -> list[bytes]:
        """Return the messages that these octets complete. Errors: FrameTooLongError."""
        messages: list[bytes] = []
        while octets:
            if not self._is_inside:
                before, start, octets = octets.partition(START)
                self.garbage += len(before.strip(BETWEEN))
                if self.garbage > self._limit:
                    raise FrameTooLongError(b"")
                self._begin(is_inside=bool(start))
                continue
            inside, end, rest = octets.partition(END)
            abandoned, again, newer = inside.rpartition(START)
            if again:
                self.garbage += self._length + len(abandoned)
                self._begin(is_inside=True)
            self._keep(newer)
            octets = rest
            if end:
                messages.append(b"".join(self._portions))
                self._begin(is_inside=False)
        return messages

    def _begin(self, *, is_inside: bool) -> None:
        self._portions, self._length, self._is_inside = [], 0, is_inside

    def _keep(self, octets: bytes) -> None:
        self._portions.append(octets)
        self._length += len(octets)
        if self._length > self._limit:
            raise FrameTooLongError(b"".join(self._portions)[: self._limit])


def framed(message: bytes) -> bytes:
    """Return a message as it goes over the wire."""
    return START + message + END + CR
