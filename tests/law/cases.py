"""Cases of the law: edits of a finished project, and runs that are stopped; `trial` runs them."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from faults.project import SCOPES
from law.edits import EARLY, EDITS
from law.forks import Death

# (command, rule) of the stages, in the order of the data flow.
STAGES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "memory": (
        ("benchmarks", "benchmarks"),
        ("pairs", "pairs"),
        ("model", "model"),
        ("overlap", "overlap"),
        ("train", "train"),
        ("publish", "publish"),
        ("encode", "encode"),
        ("index", "index"),
        ("retrieve", "retrieve"),
        ("metrics", "metrics"),
        ("bias", "bias"),
        ("statistics", "statistics"),
        ("examples", "examples"),
        ("projection", "projection"),
        ("report", "report"),
    ),
    "sharded": (
        ("download", "download"),
        ("benchmarks", "topics"),
        ("corpus", "corpus"),
        ("shards", "shards"),
        ("pairs", "pairs"),
        ("model", "model"),
        ("encode", "encode_shard"),
        ("index", "index_shard"),
        ("search", "search"),
        ("pool", "pool"),
        ("metrics", "metrics_cut"),
        ("statistics", "statistics"),
        ("report", "report"),
    ),
}


@dataclass(frozen=True)
class Step:
    """Some edits of the project, and a run.

    stop: where a first run ends: killed, or with `--until` this rule. The same command follows,
    unless `leave` is set.
    """

    edits: tuple[str, ...]
    stop: Death | str | None = None
    leave: bool = False

    def __str__(self) -> str:
        edits = " + ".join(self.edits) or "edits taken back"
        stop = f"until {self.stop}" if isinstance(self.stop, str) else self.stop
        return f"{edits}, {stop}" if stop else edits


@dataclass(frozen=True)
class Case:
    """Steps on a finished project."""

    what: str
    number: int
    scope: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"{self.scope}: " + "; then ".join(map(str, self.steps))


def singles(scopes: Sequence[str] = SCOPES) -> list[Case]:
    """Each edit alone; some are undone afterwards, and made again."""
    found = []
    for scope in scopes:
        for edit in EDITS[scope].values():
            steps = [Step((edit.name,))]
            if edit.subject in ("benchmarks", "train_languages", "samplings", "title"):
                steps += [Step(()), Step((edit.name,))]
            found.append(Case("single", len(found), scope, tuple(steps)))
    return found


def plans(scopes: Sequence[str] = SCOPES) -> list[Case]:
    """Each edit alone, with a dry run only: what would run again."""
    return [replace(case, what="plan", steps=case.steps[:1]) for case in singles(scopes)]


def pairs(*, seed: int) -> Iterator[Case]:
    """Random pairs of edits made at once, without end; two of three in memory."""
    number = 0
    while True:
        random_ = random.Random(f"{seed}/{number}")
        scope = "memory" if number % 3 else "sharded"
        yield Case("pair", number, scope, (Step(_drawn_pair(random_, scope)),))
        number += 1


def betweens(*, seed: int) -> Iterator[Case]:
    """An edit, a kill at a stage, then another edit: added to the first, or instead of it."""
    number = 0
    while True:
        random_ = random.Random(f"between {seed}/{number}")
        scope = "memory" if number % 3 else "sharded"
        first, second = _drawn_pair(random_, scope)
        death = Death(random_.choice(("before", "after")), random_.choice(STAGES[scope])[0])
        then = Step((second,) if random_.random() < 0.5 else (first, second))
        yield Case("between", number, scope, (Step((first,), death, leave=True), then))
        number += 1


def stops(scopes: Sequence[str] = SCOPES) -> list[Case]:
    """Early edits, and a run that ends at each stage: killed before or after, or by `--until`."""
    ends: list[tuple[str, Death | str]] = [
        (scope, stop)
        for scope in scopes
        for stage, rule in STAGES[scope]
        for stop in (Death("before", stage), Death("after", stage), rule)
    ]
    return [
        Case("stop", number, scope, (Step(EARLY[scope], stop),))
        for number, (scope, stop) in enumerate(ends)
    ]


def undos(scopes: Sequence[str] = SCOPES) -> list[Case]:
    """Early edits, a kill before or after a stage, and the edits are undone."""
    deaths = [
        (scope, Death(moment, stage))
        for scope in scopes
        for stage, _ in STAGES[scope]
        for moment in ("before", "after")
    ]
    return [
        Case("undo", number, scope, (Step(EARLY[scope], death, leave=True), Step(())))
        for number, (scope, death) in enumerate(deaths)
    ]


def _drawn_pair(random_: random.Random, scope: str) -> tuple[str, str]:
    edits = list(EDITS[scope].values())
    while True:
        first, second = random_.sample(edits, 2)
        if first.subject.split(".")[0] != second.subject.split(".")[0] or (
            first.kind == second.kind == "config"
            and first.subject != second.subject
            and not first.subject.startswith(second.subject)
            and not second.subject.startswith(first.subject)
        ):
            return first.name, second.name
