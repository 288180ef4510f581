"""Several problems of a configuration as one error, so that all are said at once."""

from collections.abc import Iterable, Sequence

from hybridbatch.common.errors import HybridBatchError


class ProblemsError(HybridBatchError):
    """Problems that were found together.

    Attributes:
        problems: a line for each.
        count: how many there are.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(f"{problems[0]} (and {len(problems) - 1} more)")
        self.problems = tuple(" ".join(problem.split()) for problem in problems)
        self.count = len(self.problems)


def raise_all(problems: Iterable[str]) -> None:
    """Raise one error for all problems; nothing if there are none.

    Raises:
        HybridBatchError: there is one. ProblemsError: there are more.
    """
    found = tuple(dict.fromkeys(problems))
    if len(found) == 1:
        raise HybridBatchError(found[0])
    if found:
        raise ProblemsError(found)


def lines_of(error: HybridBatchError) -> tuple[str, ...]:
    """A line for each problem of an error."""
    return tuple(getattr(error, "problems", ())) or (str(error),)


def shown(error: HybridBatchError) -> str:
    """What Snakemake prints when it ends with an error."""
    return "\n".join(f"hybridbatch: error: {line}" for line in lines_of(error))
