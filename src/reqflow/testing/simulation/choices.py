"""Where a simulation's chance comes from: a seed, a tape of an earlier run, or Hypothesis.

Whatever draws, asks for a whole number below a bound, and 0 is always the simplest answer: nothing goes wrong, nobody
waits, the first of a list. So a shorter tape with smaller numbers is a simpler run.

What is drawn comes from many streams: each step of a run has one for what is done, one for who goes on first, and one
for what goes wrong in each process. What is left out of one does not move what the others say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from random import Random
from typing import Any, NamedTuple, Protocol, TypeVar

__all__ = [
    "Chance",
    "Choices",
    "Draw",
    "SeededChoices",
    "SteppedChoices",
    "Stream",
    "Tape",
    "TapedChoices",
    "read",
    "written",
]

T = TypeVar("T")


class Draw(StrEnum):
    """What is drawn: a shrinker takes faults away first, then the order of steps, then what is done."""

    FAULT = "f"
    ORDER = "o"
    DEED = "d"


class Stream(NamedTuple):
    """Where a number comes from: a step of the run, what is drawn, and for which process."""

    step: int
    draw: Draw
    place: str = ""

    def __str__(self) -> str:
        return f"{self.step}{self.draw.value}{self.place}"


Tape = Mapping[Stream, Sequence[int]]
"""What was drawn, stream by stream; what it does not hold is 0. Step 0 is before the first, -1 after the last."""


def written(tape: Tape) -> str:
    """A tape in a line: the streams with their numbers, without the zeros at their ends."""
    parts = []
    for stream, numbers in sorted(tape.items()):
        last = max((place for place, number in enumerate(numbers, start=1) if number), default=0)
        if last or stream.draw is Draw.DEED:  # a step in which only zeros were drawn is one all the same
            parts.append(f"{stream}:{'.'.join(map(str, numbers[:last]))}")
    return " ".join(parts)


def read(line: str) -> Tape:
    """What `written` wrote. Raises `ValueError` for anything else."""
    tape: dict[Stream, list[int]] = {}
    for part in line.split():
        name, _, numbers = part.partition(":")
        at = next((place for place, letter in enumerate(name) if letter.isalpha()), len(name))
        stream = Stream(int(name[:at]), Draw(name[at : at + 1]), name[at + 1 :])
        tape[stream] = [int(number) for number in numbers.split(".") if number]
    return tape


class Choices(Protocol):
    """Draws whole numbers, step by step."""

    def begin(self, step: int) -> None:
        """What is drawn from now on belongs to this step."""
        ...

    def below(self, bound: int, draw: Draw = Draw.DEED, place: str = "") -> int:
        """A number from 0 to below ``bound``, for a process if ``place`` names one; 0 is the simplest."""
        ...

    def meant_nothing(self) -> None:
        """What was drawn last means the same as 0: on a tape it may as well be that."""
        ...


class _Taping:
    """Keeps what is drawn."""

    def __init__(self) -> None:
        self.tape: dict[Stream, list[int]] = {}
        self._step = 0
        self._open: dict[tuple[Draw, str], tuple[list[int], Any]] = {}
        self._last: list[int] = []

    def begin(self, step: int) -> None:
        """What is drawn from now on belongs to this step."""
        self._step = step
        self._open = {}

    def _source(self, stream: Stream) -> Any:
        raise NotImplementedError

    def _stream(self, draw: Draw, place: str) -> tuple[list[int], Any]:
        found = self._open.get((draw, place))
        if found is None:
            stream = Stream(self._step, draw, place)
            found = self._open[draw, place] = (self.tape.setdefault(stream, []), self._source(stream))
        self._last = found[0]
        return found

    def meant_nothing(self) -> None:
        """What was drawn last means the same as 0."""
        self._last[-1] = 0


class SeededChoices(_Taping):
    """Draws by a seed, and keeps a tape of it."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def _source(self, stream: Stream) -> Any:
        return Random(f"{self.seed}.{stream}").random

    def below(self, bound: int, draw: Draw = Draw.DEED, place: str = "") -> int:
        """A number from 0 to below ``bound``."""
        numbers, random = self._stream(draw, place)
        number = int(random() * bound)
        numbers.append(number)
        return number


class TapedChoices(_Taping):
    """Draws what a tape says, and 0 where it says nothing. Keeps what was really drawn, as `SeededChoices` does."""

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self._tape = tape

    def _source(self, stream: Stream) -> Any:
        return iter(self._tape.get(stream, ()))

    def steps(self) -> list[int]:
        """The steps that are on the tape, in their order."""
        return sorted({stream.step for stream in self._tape if stream.step > 0})

    def below(self, bound: int, draw: Draw = Draw.DEED, place: str = "") -> int:
        """The tape's next number, brought below ``bound``."""
        numbers, rest = self._stream(draw, place)
        number: int = next(rest, 0) % bound
        numbers.append(number)
        return number


class SteppedChoices:
    """Draws each step by a seed of its own. Hypothesis chooses it, and leaves out steps that a failure does not need.

    Seed 0 is the simplest of everything: nothing goes wrong.
    """

    def __init__(self) -> None:
        self._random: Random | None = None

    def turn_to(self, seed: int) -> None:
        """Draw by this seed from now on."""
        self._random = Random(seed) if seed else None

    def begin(self, step: int) -> None:
        """Nothing: whoever turns to another seed knows which step it is."""

    def below(self, bound: int, draw: Draw = Draw.DEED, place: str = "") -> int:
        """A number from 0 to below ``bound``."""
        return 0 if self._random is None else self._random.randrange(bound)

    def meant_nothing(self) -> None:
        """Nothing: there is no tape."""


class Chance:
    """Words for what is drawn. Has `choice`, as `random.Random` does."""

    def __init__(self, choices: Choices) -> None:
        self.below = choices.below
        self.meant_nothing = choices.meant_nothing

    def choice(self, among: Sequence[T], draw: Draw = Draw.DEED, place: str = "") -> T:
        """One of these; the first is the simplest."""
        return among[self.below(len(among), draw, place)] if len(among) > 1 else among[0]

    def happens(self, per_mille: int, draw: Draw = Draw.FAULT) -> bool:
        """True so often in a thousand."""
        if per_mille <= 0:
            return False
        if self.below(1000, draw) >= 1000 - per_mille:
            return True
        self.meant_nothing()
        return False

    def weighed(self, weights: Mapping[T, int], draw: Draw = Draw.DEED) -> T:
        """One of the keys, as often as it weighs; the first is the simplest."""
        place = self.below(sum(weights.values()), draw)
        for key, weight in weights.items():
            if place < weight:
                return key
            place -= weight
        raise AssertionError("the weights are those that were added up")
