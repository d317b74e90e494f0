"""What a supervisor passes to a gateway process, as one word of its command line: numbers of open files."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.run.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Passed:
    """``number`` is counted from 0; ``silent``: for how many seconds its predecessor had answered nothing
    when it was ended, or 0."""

    number: int
    count: int
    board: int
    pulse: int
    listening: tuple[int, ...]
    silent: int = 0

    @property
    def name(self) -> str:
        """Which of them, for people."""
        return f"gateway {self.number + 1} of {self.count}"

    def word(self) -> str:
        """As one word."""
        several = "+".join(map(str, self.listening))
        return f"{self.number},{self.count},{self.board},{self.pulse},{several},{self.silent}"

    @classmethod
    def read(cls, word: str) -> Passed:
        """The same again; raises ``Trouble`` for what no supervisor wrote."""
        try:
            number, count, board, pulse, several, silent = word.split(",")
            listening = tuple(map(int, several.split("+")))
            return cls(int(number), int(count), int(board), int(pulse), listening, int(silent))
        except ValueError:
            raise Trouble("--passed is for the processes that `careloom gateway` starts itself.") from None
