"""What EvalScope's predictions say of each index, in a few bytes, and which of them are reviewed."""

from __future__ import annotations

from array import array

from beyondbase.errors import BadInput
from beyondbase.interop.formats.evalscope_fields import Prediction, ending
from beyondbase.types import Finish

MOST_INDEX = 10_000_000
_CODES = tuple(Finish)


class Answers:
    """Collects the predictions, then the reviews."""

    def __init__(self, repeats: int | None) -> None:
        """`repeats`: samples of a problem, where that is told."""
        self.errors: dict[int, str] = {}
        self._again: dict[int, int] = {}
        self._finish, self._reviewed = bytearray(), bytearray()
        self._n_tokens = array("q")
        self._told = repeats
        self._fewest, self._most = 1, MOST_INDEX + 1

    def add(self, prediction: Prediction, where: str) -> None:
        """Take in a prediction; the last one of an index counts, as with the program itself."""
        index = prediction.index
        self._grow(index, where)
        if self._finish[index]:
            self._again[index] = self._again.get(index, 0) + 1
        finish, n_tokens, error = ending(prediction)
        self._finish[index] = 1 + _CODES.index(finish)
        self._n_tokens[index] = -1 if n_tokens is None else n_tokens
        self.errors.pop(index, None)
        if error:
            self.errors[index] = error

    def review(self, index: int, group: int | str | None, where: str) -> tuple[Finish, int | None]:
        """Mark an index as reviewed, and return how its prediction ended, and its tokens."""
        self._grow(index, where)
        if self._reviewed[index]:
            raise BadInput(f"{where}: expected index {index} once, got it again; leave one of the two rows out")
        self._reviewed[index] = 1
        if isinstance(group, int) and group >= 0:
            # the samples of a problem stand together: group = index // repeats
            self._fewest = max(self._fewest, index // (group + 1) + 1)
            self._most = min(self._most, index // group if group else self._most)
        if not self._finish[index]:
            return Finish.UNKNOWN, None
        n_tokens = self._n_tokens[index]
        return _CODES[self._finish[index] - 1], None if n_tokens < 0 else n_tokens

    def sample_index(self, index: int) -> int | None:
        """Which sample of its problem an index is, where the number of repeats is told."""
        return index % self._told if self._told else None

    def place(self, index: int, where: str) -> tuple[str, int]:
        """The problem and the sample of an index that no review is about."""
        repeats = self._told or (1 if not any(self._reviewed) else self._fewest)
        if not self._told and any(self._reviewed) and self._fewest != self._most:
            raise BadInput(
                f"{where}: expected a review of index {index}, or the number of repeats, found neither; "
                "give the whole folder, with configs/task_config.yaml"
            )
        return str(index // repeats), index % repeats

    def is_left(self, index: int) -> bool:
        """Whether a prediction, read again, is the last one of its index, and not reviewed."""
        if self._reviewed[index]:
            return False
        self._again[index] = self._again.get(index, 0) - 1
        return self._again[index] < 0

    def any_left(self) -> bool:
        """Whether a prediction is not reviewed."""
        return any(finish and not reviewed for finish, reviewed in zip(self._finish, self._reviewed, strict=True))

    def _grow(self, index: int, where: str) -> None:
        if not 0 <= index <= MOST_INDEX:
            raise BadInput(f"{where}: expected an index of 0 to {MOST_INDEX:,}, got {index}; see that the row is whole")
        if (more := index + 1 - len(self._finish)) > 0:
            more = max(more, len(self._finish))
            self._finish.extend(bytes(more))
            self._reviewed.extend(bytes(more))
            self._n_tokens.extend([-1] * more)
