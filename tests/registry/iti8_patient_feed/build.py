"""ADT messages as senders write them; every patient is invented."""

from tests.build.submission import OTHER_PATIENT, PATIENT

NAMES = "||MARTIN^Jeanne^^^^^L||19600101|F"


def adt(
    event: str = "A01",
    pid: str = PATIENT,
    mrg: str | None = None,
    *,
    control_id: str = "MSG-1",
    version: str = "2.3.1",
    structure: str = "",
    charset: str = "",
    more: tuple[str, ...] = (),
) -> bytes:
    """A message; `pid` is PID-3 and `mrg` MRG-1, as written."""
    kind = f"ADT^{event}" + (f"^{structure}" if structure else "")
    segments = [
        f"MSH|^~\\&|PAS|CHU|GREFFE|REGION|20260501100000||{kind}|{control_id}|P|{version}"
        + (f"||||||{charset}" if charset else ""),
        f"EVN|{event}|20260501100000",
        f"PID|||{pid}{NAMES}",
        *([f"MRG|{mrg}"] if mrg is not None else []),
        "PV1||N",
        *more,
    ]
    return "".join(segment + "\r" for segment in segments).encode("latin-1")


def a_merge(survivor: str = OTHER_PATIENT, subsumed: str = PATIENT, **more) -> bytes:
    return adt("A40", survivor, subsumed, **more)


class Ack:
    """An acknowledgement as a foreign parser reads it."""

    def __init__(self, octets: bytes) -> None:
        import hl7

        self.octets = octets
        self.message = hl7.parse(octets.decode("ascii"))
        self.code = str(self.message.segment("MSA")[1])
        self.of = str(self.message.segment("MSA")[2])
        names = [str(segment[0]) for segment in self.message]
        self.errors = [s for s in self.message if str(s[0]) == "ERR"]
        assert names[:2] == ["MSH", "MSA"]
        assert set(names[2:]) <= {"ERR"}
        assert str(self.message.segment("MSH")[9]).startswith("ACK")

    @property
    def conditions(self) -> list[tuple[str, str, str]]:
        """ERR-2, the code of ERR-3, and ERR-4 of each."""
        return [(str(e[2]), str(e[3][0][0]), str(e[4])) for e in self.errors]

    @property
    def texts(self) -> list[str]:
        return [str(error[7]) for error in self.errors]
