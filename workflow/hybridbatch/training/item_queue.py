"""Candidates: the items that batches are drawn from, without replacement, one item per group.

Two items conflict if they share a question group or a passage group. In the graph whose vertices
are the groups and whose edges are the items (an item joins its question group to its passage
group), a batch is a matching. Therefore the size of the largest possible batch can be computed
before training (`capacity`), and a full batch can always be found (`matching`).
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

MOST_WAITING = 2  # entries that one item may have in the list of waiting items


class Stream:
    """Random numbers for one purpose, independent of those for other purposes.

    Philox is counter-based: the number of a step is enough to make its generator. A run therefore
    needs only a few integers to resume.
    """

    def __init__(self, seed: int, *purpose: str | int) -> None:
        text = "\0".join(str(part) for part in (seed, *purpose))
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        self._key = np.frombuffer(digest, dtype="<u8")

    def at(self, step: int) -> np.random.Generator:
        """The generator of one step; the same step always gives the same numbers."""
        return np.random.Generator(np.random.Philox(key=self._key, counter=[0, 0, 0, step]))


class Candidates:
    """An endless queue of the same items, in random permutations one after another.

    Every permutation has every item once, and a new one begins when the last is used up. An item
    that conflicts with the batch waits, and the next batch takes it first. Each permutation is
    therefore drawn completely in spite of conflicts.

    Full batches cannot draw all items equally often if one group has more than its share, one in
    `count`, of the items. The waiting items of that group would pile up, so an item has at most
    `MOST_WAITING` entries among the waiting items, and further ones are dropped.
    """

    def __init__(
        self,
        items: NDArray[np.integer],
        *,
        question_group: NDArray[np.integer],
        passage_group: NDArray[np.integer],
        stream: Stream,
    ) -> None:
        """Start with no item drawn.

        Args:
            items: the item numbers, each once, shape (m,).
            question_group: question group of every item of the data, shape (n,).
            passage_group: passage group of every item of the data, shape (n,).
            stream: random numbers of the permutations.
        """
        self._items = items
        self._question_group = question_group
        self._passage_group = passage_group
        self._stream = stream
        self._order: NDArray[np.integer] = items[:0]
        self._epoch = 0  # permutations begun
        self._position = 0  # entries of the current permutation that were offered to a batch
        self._waiting: list[int] = []

    def __len__(self) -> int:
        return len(self._items)

    def draw(self, count: int) -> NDArray[np.int64]:
        """The next `count` items without conflicts, int64 of shape (count,).

        The `capacity` of the items must be at least `count`.
        """
        batch = _Batch(count)
        rest = self._offer(np.array(self._waiting, dtype=np.int64), batch)
        unseen = self._waiting[len(self._waiting) - rest :]
        renewed = False
        while len(batch.items) < count:
            if self._position == len(self._order):
                if renewed:  # every item was offered
                    self._rearrange(batch)
                    break
                self._renew()
                renewed = True
            stop = self._position + count - len(batch.items)
            chunk = self._order[self._position : stop]
            self._position += len(chunk)
            self._offer(chunk, batch)
        self._waiting = _fewer(batch.aside + unseen, limit=MOST_WAITING)
        return np.array(batch.items, dtype=np.int64)

    @property
    def used(self) -> bool:
        """Whether anything has been drawn."""
        return self._epoch > 0

    def state(self) -> list[int]:
        """The state of the queue: permutations begun, position in the last one, waiting items."""
        return [self._epoch, self._position, *self._waiting]

    def restore(self, state: Sequence[int]) -> None:
        """Resume from a value of `state`."""
        self._epoch, self._position = state[0], state[1]
        self._waiting = list(state[2:])
        self._order = self._permutation(self._epoch) if self._epoch else self._items[:0]

    def _offer(self, items: NDArray[np.integer], batch: _Batch) -> int:
        """Add items to the batch or put them aside; return how many were left when it was full."""
        questions = self._question_group[items].tolist()
        passages = self._passage_group[items].tolist()
        numbers = items.tolist()
        for turn, (item, question, passage) in enumerate(
            zip(numbers, questions, passages, strict=True)
        ):
            if len(batch.items) == batch.count:
                return len(numbers) - turn
            if question in batch.questions or passage in batch.passages:
                batch.aside.append(item)
            else:
                batch.items.append(item)
                batch.questions.add(question)
                batch.passages.add(passage)
        return 0

    def _rearrange(self, batch: _Batch) -> None:
        # Taking items in their order can fail: an early item may block two later ones.
        numbers = np.array(batch.items + batch.aside, dtype=np.int64)
        found = matching(
            self._question_group[numbers].tolist(),
            self._passage_group[numbers].tolist(),
            start=range(len(batch.items)),
            limit=batch.count,
        )
        taken = set(found)
        batch.aside = [int(item) for i, item in enumerate(numbers) if i not in taken]
        batch.items = [int(numbers[i]) for i in found]

    def _renew(self) -> None:
        self._epoch += 1
        self._position = 0
        self._order = self._permutation(self._epoch)

    def _permutation(self, epoch: int) -> NDArray[np.integer]:
        return self._stream.at(epoch).permutation(self._items)


class _Batch:
    """An unfinished batch: its items, their groups, and the items put aside."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.items: list[int] = []
        self.questions: set[int] = set()
        self.passages: set[int] = set()
        self.aside: list[int] = []


def _fewer(items: list[int], *, limit: int) -> list[int]:
    """The items in order, each at most `limit` times."""
    if len(items) <= limit:
        return items
    counts: Counter[int] = Counter()
    kept = []
    for item in items:
        counts[item] += 1
        if counts[item] <= limit:
            kept.append(item)
    return kept


def capacity(
    items: NDArray[np.integer],
    *,
    question_group: NDArray[np.integer],
    passage_group: NDArray[np.integer],
    limit: int,
) -> int:
    """The size of the largest set of items without conflicts, at most `limit`.

    Args:
        items: item numbers, shape (m,).
        question_group: question group of every item of the data, shape (n,).
        passage_group: passage group of every item of the data, shape (n,).
        limit: the count stops here.
    """
    found = 0
    for some in (items[: 4 * limit], items):  # the first items are nearly always enough
        questions, passages = question_group[some], passage_group[some]
        # A set without conflicts has as many groups of each kind as items.
        bound = min(len(np.unique(questions)), len(np.unique(passages)), limit)
        found = len(matching(questions.tolist(), passages.tolist(), start=(), limit=bound))
        if found == limit:
            break
    return found


def matching(
    questions: Sequence[int], passages: Sequence[int], *, start: Iterable[int], limit: int
) -> list[int]:
    """Positions of a largest set of items without conflicts, at most `limit` of them.

    The set grows along augmenting paths (Berge 1957; Kuhn 1955). This is exact; a path takes time
    linear in the number of items.

    Args:
        questions: question group of each item.
        passages: passage group of each item.
        start: positions of items without conflicts; the set grows from these.
        limit: the set stops growing at this size.
    """
    of_question = {questions[i]: i for i in start}
    of_passage = {passages[i]: i for i in of_question.values()}
    for i, (question, passage) in enumerate(zip(questions, passages, strict=True)):
        if len(of_question) >= limit:
            return list(of_question.values())
        if question not in of_question and passage not in of_passage:
            of_question[question] = of_passage[passage] = i
    if len(of_question) >= limit:
        return list(of_question.values())
    edges: dict[int, list[int]] = {}
    for i, question in enumerate(questions):
        edges.setdefault(question, []).append(i)
    dead: set[int] = set()  # passage groups from which no path reaches a free one
    for root in edges:
        if len(of_question) >= limit:
            break
        if root not in of_question:
            _augment(root, edges, questions, passages, of_question, of_passage, dead)
    return list(of_question.values())


def _augment(
    root: int,
    edges: dict[int, list[int]],
    questions: Sequence[int],
    passages: Sequence[int],
    of_question: dict[int, int],
    of_passage: dict[int, int],
    dead: set[int],
) -> None:
    """Search breadth-first for a path from `root` to a free passage group, and flip it."""
    reached: dict[int, int] = {}
    queue = deque([root])
    end: int | None = None
    while queue and end is None:
        for i in edges[queue.popleft()]:
            passage = passages[i]
            if passage in reached or passage in dead:
                continue
            reached[passage] = i
            if passage not in of_passage:
                end = passage
                break
            queue.append(questions[of_passage[passage]])
    if end is None:
        dead.update(reached)
    while end is not None:
        i = reached[end]
        before = of_question.get(questions[i])
        of_question[questions[i]] = of_passage[end] = i
        end = None if before is None else passages[before]
