"""The batch samplers: they draw the languages, the source and the items of each batch.

- `x-x-mono` draws a language uniformly from the training languages that a source has. It then draws
  a source with that language, with probability proportional to weight * items_there**exponent, and
  then the items. The query and the passage of every pair are in that language.
- `x-y` draws a source in the same way, but counts its items with at least two training languages.
  It then draws such items, and for each item an ordered pair of different languages, uniformly from
  the languages of the item.
- `x-x` does the same with at least one language, and draws one language per item.
- `hybrid` draws its next `x-x-mono` batch with probability alpha, else its next `x-y` batch.
- `en-en` is `x-x-mono` with English alone.

Items come from candidates per source and language (x-x-mono) or per source (x-y, x-x), without
replacement until all are used up; see `candidates`. The batch types are from Roy et al. (arXiv
2004.05484) and Elmahdy et al. (arXiv 2408.10536).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.training.item_queue import Candidates, Stream, capacity

MONOLINGUAL, CROSS_LINGUAL, MIXED = "monolingual", "cross-lingual", "mixed"
_KINDS = (MONOLINGUAL, CROSS_LINGUAL, MIXED)
_Key = tuple[int, ...]  # names candidates: (source, language) or (source,)
_Rows = NDArray[np.int32]  # item numbers, ascending


@dataclass(frozen=True)
class Items:
    """The properties of n items that the samplers use; L languages and S sources.

    has_language: bool (n, L). source: int (n,), a position in `sources`. question_group and
    passage_group: int (n,), equal for items of the same group. The arrays become read-only.
    """

    has_language: NDArray[np.bool_]
    source: NDArray[np.integer]
    question_group: NDArray[np.integer]
    passage_group: NDArray[np.integer]
    languages: tuple[str, ...]
    sources: tuple[str, ...]

    def __post_init__(self) -> None:
        count = len(self.source)
        if self.has_language.shape != (count, len(self.languages)):
            raise ValueError(f"has_language is {self.has_language.shape}")
        if self.question_group.shape != (count,) or self.passage_group.shape != (count,):
            raise ValueError(f"groups are {self.question_group.shape}, {self.passage_group.shape}")
        for array in (self.has_language, self.source, self.question_group, self.passage_group):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True)
class SamplingOptions:
    """How batches are drawn.

    sampling: its name, for messages. batches: the one or two kinds to draw; with two, a batch is of
    the first kind with probability alpha. alpha: ignored with one kind. source_weights: one per
    source; 0 leaves a source out. languages: the languages to draw, a subset of `Items.languages`.
    """

    batch_size: int
    sampling: str
    batches: tuple[str, ...]
    languages: tuple[str, ...]
    source_weights: tuple[float, ...]
    alpha: float
    source_exponent: float


@dataclass(frozen=True)
class Batch:
    """b pairs: items int64 (b,), languages int64 (b,) as columns of `Items.has_language`."""

    kind: str
    items: NDArray[np.int64]
    query_languages: NDArray[np.int64]
    passage_languages: NDArray[np.int64]
    source: int

    def __len__(self) -> int:
        return len(self.items)


class Sampler(Iterator[Batch]):
    """An endless sequence of batches of one sampling.

    The k-th monolingual batch of `hybrid` is the k-th batch of `x-x-mono` with the same seed, and
    its k-th cross-lingual batch is the k-th batch of `x-y`. With alpha 1, `hybrid` is therefore
    `x-x-mono`; with alpha 0, it is `x-y`.
    """

    def __init__(self, items: Items, options: SamplingOptions, *, seed: int) -> None:
        """Check the options against the items and prepare the first batch.

        Raises:
            HybridBatchError: no source has a training language, or a source that may be drawn
                cannot fill a batch.
        """
        self._alpha, names = _kinds(options)
        self._choice = Stream(seed, "kind")
        self._step = 0
        self._samplers = {name: _batch_sampler(name, items, options, seed=seed) for name in names}

    def __next__(self) -> Batch:
        # random() is in [0, 1): always below an alpha of 1, never below an alpha of 0.
        first = self._choice.at(self._step).random() < self._alpha
        self._step += 1
        samplers = tuple(self._samplers.values())
        return samplers[0 if first else -1].draw()

    def state(self) -> dict[str, Any]:
        """The state of the sequence: integers in lists and dictionaries, JSON-serialisable.

        Candidates that have been used have a few integers: permutations begun, the position, and
        the waiting items (only with conflicts).
        """
        return {
            "step": self._step,
            **{name: sampler.state() for name, sampler in self._samplers.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Resume from a value of `state` of a sampler with the same data, options and seed."""
        self._step = state["step"]
        for name, sampler in self._samplers.items():
            sampler.restore(state[name])


def _kinds(options: SamplingOptions) -> tuple[float, tuple[str, ...]]:
    """The probability of the first kind of batch, and the kinds of batch that can occur."""
    kinds, alpha = options.batches, options.alpha
    if len(kinds) not in (1, 2) or len(set(kinds)) < len(kinds) or not set(kinds) <= set(_KINDS):
        raise HybridBatchError(
            f"sampling {options.sampling}: batches are {', '.join(kinds) or 'none'}; name one or "
            f"two of {', '.join(_KINDS)}"
        )
    if len(kinds) == 1:
        return 1.0, kinds
    if not 0 <= alpha <= 1:
        raise HybridBatchError(f"alpha is {alpha}; it must lie in 0..1")
    return alpha, (kinds[:1] if alpha > 0 else ()) + (kinds[1:] if alpha < 1 else ())


def _batch_sampler(
    kind: str, items: Items, options: SamplingOptions, *, seed: int
) -> _BatchSampler:
    languages = options.languages
    columns = [items.languages.index(name) for name in languages if name in items.languages]
    if kind == MONOLINGUAL:
        return _Monolingual(items, options, columns, seed=seed)
    return _Mixed(kind, items, options, columns, seed=seed)


class _BatchSampler:
    """The sequence of batches of one kind; it does not depend on the other kind's draws."""

    def __init__(
        self,
        kind: str,
        items: Items,
        options: SamplingOptions,
        columns: Sequence[int],
        *,
        seed: int,
    ) -> None:
        self.kind = kind
        self.batch_size = options.batch_size
        self.columns = np.array(columns, dtype=np.int64)
        self._stream = Stream(seed, kind)
        self._step = 0
        sources = [source for source, weight in enumerate(options.source_weights) if weight > 0]
        members = {
            key: rows for key, rows in self._members(items, sources).items() if len(rows) > 0
        }
        _check(members, items, options, kind=kind)
        self.sizes = {key: len(rows) for key, rows in members.items()}
        self.candidates = {
            key: Candidates(
                rows,
                question_group=items.question_group,
                passage_group=items.passage_group,
                stream=Stream(seed, "items", kind, *_names(key, items)),
            )
            for key, rows in members.items()
        }

    def draw(self) -> Batch:
        """The next batch."""
        random = self._stream.at(self._step)
        self._step += 1
        return self._draw(random)

    def state(self) -> dict[str, Any]:
        used = {key: each for key, each in self.candidates.items() if each.used}
        return {
            "step": self._step,
            "candidates": {"/".join(map(str, key)): each.state() for key, each in used.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._step = state["step"]
        for key, each in self.candidates.items():
            each.restore(state["candidates"].get("/".join(map(str, key)), (0, 0)))

    def _members(self, items: Items, sources: Sequence[int]) -> dict[_Key, _Rows]:
        raise NotImplementedError

    def _draw(self, random: np.random.Generator) -> Batch:
        raise NotImplementedError


class _Monolingual(_BatchSampler):
    """x-x-mono: candidates per source and language."""

    def __init__(
        self, items: Items, options: SamplingOptions, columns: Sequence[int], *, seed: int
    ) -> None:
        super().__init__(MONOLINGUAL, items, options, columns, seed=seed)
        self._sources = {
            column: _SourceChoice(
                {key[0]: size for key, size in self.sizes.items() if key[1] == column}, options
            )
            for column in columns
            if any(key[1] == column for key in self.sizes)
        }
        self._eligible = list(self._sources)

    def _members(self, items: Items, sources: Sequence[int]) -> dict[_Key, _Rows]:
        return {
            (source, int(column)): _numbers(
                items.has_language[:, column] & (items.source == source)
            )
            for column in self.columns
            for source in sources
        }

    def _draw(self, random: np.random.Generator) -> Batch:
        column = self._eligible[random.integers(len(self._eligible))]
        source = self._sources[column].draw(random)
        items = self.candidates[source, column].draw(self.batch_size)
        languages = np.full(len(items), column, dtype=np.int64)
        return Batch(self.kind, items, languages, languages, source)


class _Mixed(_BatchSampler):
    """x-y and x-x: candidates per source, and languages drawn for each pair."""

    def __init__(
        self,
        kind: str,
        items: Items,
        options: SamplingOptions,
        columns: Sequence[int],
        *,
        seed: int,
    ) -> None:
        super().__init__(kind, items, options, columns, seed=seed)
        self._has_language = items.has_language
        self._sources = _SourceChoice({key[0]: n for key, n in self.sizes.items()}, options)

    def _members(self, items: Items, sources: Sequence[int]) -> dict[_Key, _Rows]:
        least = 2 if self.kind == CROSS_LINGUAL else 1
        enough = items.has_language[:, self.columns].sum(axis=1) >= least
        return {(source,): _numbers(enough & (items.source == source)) for source in sources}

    def _draw(self, random: np.random.Generator) -> Batch:
        source = self._sources.draw(random)
        items = self.candidates[(source,)].draw(self.batch_size)
        has_language = self._has_language[items][:, self.columns]
        languages = ordered_pairs if self.kind == CROSS_LINGUAL else single_languages
        queries, passages = languages(has_language, random)
        return Batch(self.kind, items, self.columns[queries], self.columns[passages], source)


class _SourceChoice:
    """Draws a source with probability proportional to weight * items**exponent."""

    def __init__(self, sizes: Mapping[int, int], options: SamplingOptions) -> None:
        self._sources = list(sizes)
        weights = np.array([options.source_weights[source] for source in sizes])
        items = np.array(list(sizes.values()), dtype=np.float64)
        shares = weights * items**options.source_exponent
        self._cumulative = np.cumsum(shares) / shares.sum()
        self._cumulative[-1] = 1.0  # rounding must not leave a gap below 1

    def draw(self, random: np.random.Generator) -> int:
        place = np.searchsorted(self._cumulative, random.random(), side="right")
        return self._sources[int(place)]


def ordered_pairs(
    has_language: NDArray[np.bool_], random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two different true columns for each row of a bool (b, L): int64 (b,) and int64 (b,).

    Every ordered pair of a row's true columns is equally likely; each row must have at least two.
    """
    count = has_language.sum(axis=1)
    first = random.integers(count)
    second = random.integers(count - 1)
    second += second >= first
    return _true_column(has_language, first), _true_column(has_language, second)


def single_languages(
    has_language: NDArray[np.bool_], random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One true column for each row of a bool (b, L), as int64 (b,), returned twice."""
    columns = _true_column(has_language, random.integers(has_language.sum(axis=1)))
    return columns, columns


def _true_column(has_language: NDArray[np.bool_], rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """The column of the true value number `rank` in each row, counted from 0; int64 (b,)."""
    true_first = np.argsort(~has_language, axis=1, kind="stable")
    columns: NDArray[np.int64] = np.take_along_axis(true_first, rank[:, None], axis=1)[:, 0]
    return columns


def _numbers(selected: NDArray[np.bool_]) -> _Rows:
    return np.flatnonzero(selected).astype(np.int32)


def _names(key: _Key, items: Items) -> tuple[str, ...]:
    return (items.sources[key[0]], *(items.languages[column] for column in key[1:]))


def _check(
    members: Mapping[_Key, _Rows],
    items: Items,
    options: SamplingOptions,
    *,
    kind: str,
) -> None:
    """Raise an error if candidates cannot fill a batch, or if there are no candidates."""
    wanted = f"sampling {options.sampling}, {kind} batches"
    if not members:
        least = "two training languages" if kind == CROSS_LINGUAL else "a training language"
        raise HybridBatchError(
            f"{wanted}: no source has items in {least} ({', '.join(options.languages)}); "
            "give pairs in those languages or change train_languages"
        )
    for (source, *column), rows in members.items():
        found = capacity(
            rows,
            question_group=items.question_group,
            passage_group=items.passage_group,
            limit=options.batch_size,
        )
        if found < options.batch_size:
            where = f" in language {items.languages[column[0]]}" if column else ""
            raise HybridBatchError(
                f"{wanted}: source {items.sources[source]} has only {found} items{where} that "
                f"differ in question and passage ({len(rows)} in all), fewer than batch_size "
                f"{options.batch_size}; lower batch_size to {found}, add pairs, or leave out the "
                f"{'language' if column else 'source'}"
            )
