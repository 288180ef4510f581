"""What the command `query` finds in the results: runs, benchmarks, and whether they are whole.

Everything that it uses was made by jobs whose records name their inputs. The files must be those
inputs: a model that was trained again, for example, does not belong to the vectors of before.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.records import Record, read_record
from hybridbatch.common.suggest import did_you_mean
from hybridbatch.common.vocabulary import POOL
from hybridbatch.planning import paths

T = TypeVar("T")
# The stages between a ranking and what it is made from: models, and the tables of a benchmark.
_FOLLOWED = ("retrieve", "search", "pool", "index", "encode", "shards")
_AGAIN = "run the workflow with its config, and if it has nothing to do, remove the file"


@dataclass(frozen=True)
class Evaluated:
    """A run on a benchmark, with files that belong together.

    Attributes:
        run: its name.
        benchmark: the name of the benchmark.
        results: the folder of results.
        sharded: whether the passages lie in shards.
        languages: the passage languages that are searched, ascending.
        model: the folder of the model.
        encoding: the record of the stage `encode`.
        rankings: the artifacts with its rankings, as paths from `results/` on.
        searching: by language, the record of the stage that ranked its passages.
    """

    run: str
    benchmark: str
    results: Path
    sharded: bool
    languages: tuple[str, ...]
    model: Path
    encoding: Record
    rankings: tuple[str, ...]
    searching: dict[str, Record]

    def place(self, pattern: str, **wildcards: str) -> Path:
        """A path of the results, from its pattern in `planning.paths`."""
        path = pattern.format(run=self.run, benchmark=self.benchmark, **wildcards)
        return _place(self.results, path)


def choose(
    results: Path, runs: Sequence[str], benchmark: str | None, *, option: str = "--benchmark"
) -> tuple[tuple[str, ...], str]:
    """The runs and the benchmark that are asked for; the only ones if none is named.

    `option` is what errors call the choice of the benchmark.

    Raises:
        HybridBatchError: a name is unknown, or there are several to choose from, or none.
    """
    found = _rankings(results)
    if not found:
        raise HybridBatchError(
            f"{results}: holds no rankings; run the workflow in this folder, "
            "or name another folder with --results"
        )
    for run in runs:
        _check_name("--run", run, found, results)
    everywhere = sorted({name for names in found.values() for name in names})
    if benchmark is not None:
        _check_name(option, benchmark, everywhere, results)
    candidates = [run for run in found if benchmark is None or benchmark in found[run]]
    if not runs and len(candidates) > 1:
        raise HybridBatchError(f"--run: name one or more of {', '.join(candidates)}")
    chosen = tuple(dict.fromkeys(runs)) or (candidates[0],)
    shared = [name for name in everywhere if all(name in found[run] for run in chosen)]
    if benchmark is None:
        if len(shared) != 1:
            names = f"name one of {', '.join(shared)}" if shared else "the runs have none in common"
            raise HybridBatchError(f"{option}: {names}")
        return chosen, shared[0]
    for run in chosen:
        if benchmark not in found[run]:
            raise HybridBatchError(
                f"{option}: {run} has no rankings on {benchmark}, only on {', '.join(found[run])}"
            )
    return chosen, benchmark


def read_evaluated(
    results: Path, run: str, benchmark: str, *, passages: Sequence[str]
) -> Evaluated:
    """Find the files of a run on a benchmark and check that they belong together.

    Args:
        results: the folder of results.
        run: the run.
        benchmark: the benchmark.
        passages: the languages of the passages; none for the pool of all languages. A sharded
            benchmark without a pool is then searched in every language that was ranked.

    Raises:
        HybridBatchError: a language is unknown; a file is missing or has no record, or was made
            from another file than the one in the results.
    """
    folder = _place(results, paths.RANKINGS.format(run=run, benchmark=benchmark))
    known = sorted(file.stem for file in folder.glob("[!.]*.parquet"))
    ranked = [language for language in known if language != POOL]
    check_languages("--passages", passages, ranked)
    sharded = not _place(results, paths.PASSAGES.format(benchmark=benchmark)).is_file()
    chain = Chain(results)
    languages = tuple(sorted(set(passages))) or tuple(ranked)
    if sharded:
        if not passages and POOL in known:
            pool = chain.follow(paths.POOL_RANKING.format(run=run, benchmark=benchmark))
            languages = tuple(sorted(json.loads(pool.options)["pool_languages"]))
        names = {
            language: paths.RANKING.format(run=run, benchmark=benchmark, language=language)
            for language in languages
        }
    else:
        names = dict.fromkeys(languages, paths.RANKINGS.format(run=run, benchmark=benchmark))
    searching = {language: chain.follow(name) for language, name in names.items()}
    vectors = paths.QUERY_VECTORS.format(run=run, benchmark=benchmark)
    encoding = chain.follow(vectors)
    chain.check_encoded_alike(vectors)
    return Evaluated(
        run=run,
        benchmark=benchmark,
        results=results,
        sharded=sharded,
        languages=languages,
        model=_place(results, _model_of(encoding, vectors)),
        encoding=encoding,
        rankings=tuple(dict.fromkeys(names.values())),
        searching=searching,
    )


def check_languages(option: str, asked: Sequence[str], known: Sequence[str]) -> None:
    """Check the languages of an option.

    Raises:
        HybridBatchError: a language is unknown.
    """
    for language in asked:
        if language not in known:
            raise HybridBatchError(
                f"{option}: {language!r} is not in the benchmark, which has {', '.join(known)}"
            )


def recorded_options(kind: type[T], text: str, *, origin: str) -> T:
    """The options that a stage was given, recorded as JSON, as its dataclass.

    Raises:
        HybridBatchError: they are those of another version of the project.
    """
    try:
        return options_from_json(kind, text)
    except HybridBatchError as error:
        raise HybridBatchError(
            f"{origin}: made by another version of hybridbatch; run the workflow again"
        ) from error


class Chain:
    """The records of artifacts, each compared with its inputs."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self._records: dict[str, Record] = {}

    def follow(self, path: str) -> Record:
        """The record of an artifact, given by its path from `results/` on.

        Raises:
            HybridBatchError: it, or an artifact before it, is missing or damaged, has no record,
                or was made from another input than the one in the results.
        """
        if path not in self._records:
            record = read_record(_place(self._results, path))
            for source, digest in record.inputs.items() if record.stage in _FOLLOWED else ():
                if self.follow(source).made != digest:
                    raise HybridBatchError(
                        f"{_place(self._results, path)}: made from another {source} than the one "
                        f"that is there now; {_AGAIN}"
                    )
            self._records[path] = record
        return self._records[path]

    def check_encoded_alike(self, vectors: str) -> None:
        """Check that all vectors are of one model and made with the same options as `vectors`.

        Raises:
            HybridBatchError: names the first file that is not.
        """
        wanted = self._records[vectors]
        for path, record in self._records.items():
            if record.stage == "encode" and (
                record.options != wanted.options
                or _model_of(record, path) != _model_of(wanted, vectors)
            ):
                raise HybridBatchError(
                    f"{_place(self._results, path)}: made with another model or other options "
                    f"than {vectors}; {_AGAIN}"
                )


def _model_of(record: Record, path: str) -> str:
    """The model among the inputs of the stage `encode`."""
    folders = (paths.MODEL.partition("{")[0], paths.TRAINED.partition("{")[0])
    for source in record.inputs:
        if source.startswith(folders):
            return source
    raise HybridBatchError(f"{path}: its record names no model; {_AGAIN}")


def _rankings(results: Path) -> dict[str, list[str]]:
    """The benchmarks on which each run was ranked, ascending."""
    found: dict[str, list[str]] = {}
    top = _place(results, paths.RANKINGS.partition("/{")[0])
    for folder in sorted(top.glob("[!.]*/[!.]*")):
        if any(folder.glob("[!.]*.parquet")):
            found.setdefault(folder.parent.name, []).append(folder.name)
    return found


def _check_name(
    option: str, name: str, known: Sequence[str] | dict[str, list[str]], results: Path
) -> None:
    if name not in known:
        hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
        raise HybridBatchError(f"{option}: {name} has no rankings in {results}{hint}")


def _place(results: Path, path: str) -> Path:
    return results / Path(path).relative_to(paths.RESULTS)
