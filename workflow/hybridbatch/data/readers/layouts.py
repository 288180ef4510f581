"""Which files of a path hold what: the layouts of the user's data, told by their names alone.

The workflow imports this before any stage runs, so the module imports no large library.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import canonical, english_name
from hybridbatch.data.readers.problems import listed
from hybridbatch.data.readers.textlines import BOM, GZIP, ending, opened
from hybridbatch.data.readers.unread import instead, not_the_data

PARQUET = (".parquet",)
ARROW = (".arrow", ".feather", ".ipc")
JSON = (".jsonl", ".json")
SEPARATED = (".csv", ".tsv")
ENDINGS = (*PARQUET, *ARROW, *JSON, *SEPARATED)
STATE = "state.json"  # a Dataset's folder has it, a DatasetDict's does not
SPLITS = "dataset_dict.json"  # `datasets` writes it beside the folders of several splits
TABLES = ("queries", "passages", "qrels")
# The form of a language in names of files and folders: `de`, `zh-Hans`.
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")
# An object with a list `data`, and before it nothing but texts and numbers.
_SQUAD = re.compile(rb'\s*\{\s*("[^"]*"\s*:\s*("[^"]*"|[\d.]+|null)\s*,\s*)*"data"\s*:\s*\[')
_TREC = {
    "queries": ("topics", "queries"),
    "passages": ("collection", "corpus", "docs", "documents", "passages"),
    "qrels": ("qrels",),
}


@dataclass(frozen=True)
class SetFiles:
    """The files of a retrieval set in one language, or in all: queries, passages, judgements.

    `language` is empty if the rows state it.
    """

    queries: tuple[Path, ...]
    passages: tuple[Path, ...]
    qrels: tuple[Path, ...]
    language: str = ""


@dataclass(frozen=True)
class Layout:
    """What a path holds: `format` is one of `reading.FORMATS`.

    `files` are those of tables and of SQuAD's format, each with the language that its name tells
    (empty for none); `sets` those of the other formats.
    """

    format: str
    files: tuple[tuple[Path, str], ...] = ()
    sets: tuple[SetFiles, ...] = field(default=())


def is_dataset(path: Path) -> bool:
    """Whether a path is a folder that `datasets` wrote with `save_to_disk`."""
    return (path / STATE).is_file()


def is_parquet_set(path: Path) -> bool:
    """Whether a path is a folder with the project's three Parquet files, or is missing."""
    return not path.exists() or all((path / f"{name}.parquet").is_file() for name in TABLES)


def is_parquet_corpus(path: Path) -> bool:
    """Whether a folder has its passages in the project's Parquet files, or is missing."""
    passages = (path / "passages.parquet").is_file() or (path / "passages").is_dir()
    return passages or not path.exists()


@dataclass(frozen=True)
class _Split:
    """The judgements to read: `name` if it is given, else the first of `usual` that is there."""

    name: str
    usual: tuple[str, ...]


def find_layout(path: Path, *, format: str = "", split: str = "", training: bool = False) -> Layout:
    """The layout of a file or folder.

    Args:
        path: of the user's data.
        format: one of `reading.FORMATS`, if it is known.
        split: which judgements to use of a BEIR or mteb folder; without it `test`, or the only one.
        training: whether the data are pairs to train on: then `train`, if it is there, comes first.

    Raises:
        HybridBatchError: the path is missing, or holds nothing that is known; or the judgements
            have several splits and none is chosen.
    """
    if not path.exists():
        raise HybridBatchError(f"{path}: no such file or folder; correct the path")
    judged = _Split(split, ("train", "test") if training else ("test",))
    for name, finder in _FINDERS.items():
        if format in ("", name) and (found := tuple(finder(path, judged))):
            _refuse_other_data(file for files in found for file in _all_of(files))
            _refuse_left_out(path, found, judged)
            return Layout(name, sets=found)
    _refuse_partial(path)
    if format in ("", *_FINDERS):
        _refuse_hidden_sets(_visible(path), judged)
    files = tuple(_table_files(path, split))
    if not files or format in _FINDERS:
        raise HybridBatchError(f"{path}: {_nothing(path, format)}")
    _refuse_other_data(file for file, _ in files)
    if format in ("", "squad"):
        squad = [format == "squad" or _is_squad(file) for file, _ in files]
        if all(squad):
            return Layout("squad", files)
    return Layout("table", files)


def _refuse_partial(path: Path) -> None:
    """Refuse a folder with some tables of a retrieval set, which would be taken for pairs."""
    there = [name for name in TABLES if _one_of(path, name, ENDINGS)]
    lost = [name for name in TABLES if name not in there]
    if there and lost:
        raise HybridBatchError(
            f"{path}: {', '.join(there)} without {', '.join(lost)}; a benchmark's folder holds "
            f"queries, passages and qrels"
        )


def _refuse_hidden_sets(folders: Iterable[Path], split: _Split) -> None:
    """Refuse retrieval sets in folders that are not named by a language."""
    for folder in folders:
        for name, finder in _FINDERS.items():
            if folder.is_dir() and any(finder(folder, split)):
                raise HybridBatchError(
                    f"{folder}: holds a retrieval set ({name}), and its name is no language; name "
                    f"it by its language, such as de, or give this folder alone"
                )


def _refuse_left_out(path: Path, found: Sequence[SetFiles], split: _Split) -> None:
    """Refuse folders that lack a file, or the name of a language, beside those of languages."""
    if not any(files.language for files in found):
        return
    used = {folder for files in found for file in _all_of(files) for folder in file.parents}
    others = [folder for folder in _visible(path) if folder.is_dir() and folder not in used]
    _refuse_hidden_sets(others, split)
    for folder in others:
        if (code := canonical(folder.name)) and english_name(code):
            held = listed(entry.name for entry in _visible(folder))
            raise HybridBatchError(
                f"{folder}: a folder named by a language, without the files that its neighbours "
                f"have (it has {held}); complete, rename or remove it"
            )


def _refuse_other_data(files: Iterable[Path]) -> None:
    for file in files:
        if problem := not_the_data(file):
            raise HybridBatchError(f"{file}: {problem}")


def unread_in(path: Path, layout: Layout) -> list[str]:
    """The names of what a folder of tables holds in no format that is read."""
    files = [file for file, _ in layout.files]
    if path in files:  # a saved dataset
        return []
    read = {*files, *(folder for file in files for folder in file.parents)}
    return [entry.name for entry in _visible(path) if entry not in read]


def _all_of(files: SetFiles) -> tuple[Path, ...]:
    return (*files.queries, *files.passages, *files.qrels)


def _nothing(path: Path, format: str) -> str:
    wanted = _WANTED.get(format)
    if wanted is None:
        wanted = f"files that end in {', '.join(ENDINGS)} (or these and {GZIP})"
        if path.is_file():
            return instead(path) or (
                f"data are read from {', '.join(ENDINGS)}; give it such an ending"
            )
    known = ((entry.name, instead(entry)) for entry in _visible(path))
    hint = next((f"; {name} is {what}" for name, what in known if what), "")
    if (path / SPLITS).is_file():
        hint = "; name the folder of one split"
    return f"the folder holds nothing that can be read; expected {wanted}{hint}"


_WANTED = {
    "tables": "queries, passages and qrels, each as .parquet, .jsonl, .csv or .tsv",
    "beir": "corpus.jsonl, queries.jsonl and qrels/*.tsv, here or in a folder for each language",
    "mteb": "the folders corpus, queries and qrels, also as LANGUAGE-corpus and so on",
    "trec": "topics*, qrels* and a collection*, here or in a folder for each language",
}


# Retrieval sets. Each finder takes the folder and the split.


def _tables(path: Path, _: _Split) -> Iterator[SetFiles]:
    found = [_one_of(path, name, ENDINGS) for name in TABLES]
    queries, passages, qrels = found
    if queries and passages and qrels:
        yield SetFiles((queries,), (passages,), (qrels,))


def _beir(path: Path, split: _Split) -> Iterator[SetFiles]:
    for folder, language in _here_or_by_language(path):
        corpus, queries = (_one_of(folder, name, (".jsonl",)) for name in ("corpus", "queries"))
        if corpus and queries and (folder / "qrels").is_dir():
            judged = _of_split(folder / "qrels", (".tsv", ".csv", ".jsonl", ".parquet"), split)
            yield SetFiles((queries,), (corpus,), judged, language)


def _mteb(path: Path, split: _Split) -> Iterator[SetFiles]:
    for folder, language in _here_or_by_language(path):
        for prefix in ("", *_prefixes(folder)):
            corpus, queries = (folder / f"{prefix}{name}" for name in ("corpus", "queries"))
            named = (f"{prefix}qrels", f"{prefix}default", prefix.rstrip("-"), "default", "data")
            judged = next((folder / n for n in named if n and (folder / n).is_dir()), None)
            if corpus.is_dir() and queries.is_dir() and judged is not None:
                yield SetFiles(
                    _data_files(queries, ""),
                    _data_files(corpus, ""),
                    _of_split(judged, ENDINGS, split),
                    prefix.rstrip("-") or language,
                )
            elif prefix:
                raise HybridBatchError(
                    f"{folder}: of {prefix}corpus, {prefix}queries and {prefix}qrels, one is "
                    f"missing; add it, or remove the others"
                )


def _trec(path: Path, _: _Split) -> Iterator[SetFiles]:
    for folder, language in _here_or_by_language(path):
        found = {role: tuple(_beginning(folder, names)) for role, names in _TREC.items()}
        if all(found.values()):
            yield SetFiles(**found, language=language)


_FINDERS = {"tables": _tables, "beir": _beir, "mteb": _mteb, "trec": _trec}


def _here_or_by_language(path: Path) -> Iterator[tuple[Path, str]]:
    """The folder itself, and those in it that are named by a language."""
    if path.is_dir():
        yield path, ""
        for folder in _visible(path):
            if folder.is_dir() and _is_language(folder.name):
                yield folder, folder.name


def _is_language(name: str) -> bool:
    """Whether a name has the form of a language, or is one in other letters, such as `zh_CN`."""
    return LANGUAGE.fullmatch(name) is not None or canonical(name) is not None


def _prefixes(path: Path) -> list[str]:
    """`de-` for a folder `de-corpus`, `de-queries` or `de-qrels`."""
    named = [
        re.sub("-(corpus|queries|qrels)$", "-", entry.name)
        for entry in _visible(path)
        if entry.is_dir()
    ]
    return [name for name in dict.fromkeys(named) if name.endswith("-") and _is_language(name[:-1])]


def _beginning(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    for entry in _visible(folder):
        if entry.name.lower().startswith(tuple(names)):
            yield from _data_files(entry, "") if entry.is_dir() else (entry,)


def _one_of(folder: Path, stem: str, endings: Sequence[str]) -> Path | None:
    """The file `stem` with one of the endings; two are an error."""
    found = [
        file for e in endings for z in ("", GZIP) if (file := folder / f"{stem}{e}{z}").is_file()
    ]
    if len(found) > 1:
        raise HybridBatchError(
            f"{found[0]}: {found[1].name} is there too; keep one of them in this folder"
        )
    return found[0] if found else None


def _of_split(folder: Path, endings: Sequence[str], split: _Split) -> tuple[Path, ...]:
    """The judgements of a split: the one that is named, a usual one, or the only one."""
    if is_dataset(folder) or (folder / SPLITS).is_file():
        saved = (name for name in split.usual if is_dataset(folder / name))
        return _data_files(folder, split.name or next(saved, ""))
    files = _data_files(folder, split.name)
    splits: dict[str, list[Path]] = {}
    for file in files:
        if ending(file) in endings:
            name = file.name.partition(".")[0]
            splits.setdefault(re.sub(r"-\d+-of-\d+$", "", name), []).append(file)
    usual = [name for name in split.usual if name in splits]
    only = list(splits) if len(splits) == 1 else []
    wanted = split.name or next(iter((*usual, *only)), "")
    if wanted not in splits:
        raise HybridBatchError(
            f"{folder}: {'no judgements' if not splits else 'judgements of ' + ', '.join(splits)}"
            f"{f', none of {split.name!r}' if split.name else ''}; set `split` to one of them"
        )
    return tuple(splits[wanted])


# Tables and SQuAD's format.


def _table_files(path: Path, split: str) -> Iterator[tuple[Path, str]]:
    if path.is_file():
        if ending(path) in ENDINGS:
            yield path, ""
        return
    for file in _data_files(path, split):
        yield file, "" if file == path else language_of(file, path)


def language_of(file: Path, top: Path) -> str:
    """What looks like a language in a file's name, or in a folder below `top`: `de` of `de.csv`."""
    words = file.name.removesuffix(GZIP).split(".")[:-1]
    names = [*reversed(words), *(folder.name for folder in file.parents if top in folder.parents)]
    return next((name for name in names if _is_language(name)), "")


def _data_files(path: Path, split: str, above: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """The data files below a folder in name order; a saved dataset counts as one.

    `above` are the folders through which the search came, without links.
    """
    if path.resolve() in above:
        raise HybridBatchError(f"{path}: a link to a folder above it; remove the link")
    if is_dataset(path):
        return (path,)
    if (path / SPLITS).is_file():
        found = [folder for folder in _visible(path) if is_dataset(folder)]
        chosen = [folder for folder in found if folder.name == split]
        if not chosen and split == "" and len(found) == 1:
            chosen = found
        if not chosen:
            raise HybridBatchError(
                f"{path}: a dataset with the splits {', '.join(f.name for f in found) or 'none'}; "
                f"name the folder of one split, or set `split` to it"
            )
        return tuple(chosen)
    found = []
    for entry in _visible(path):
        if entry.is_dir():
            found.extend(_data_files(entry, split, (*above, path.resolve())))
        elif entry.is_file() and ending(entry) in ENDINGS:
            found.append(entry)
    return tuple(found)


def _visible(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _is_squad(path: Path) -> bool:
    """Whether a file begins as SQuAD's format does: an object whose `data` is a list."""
    if ending(path) != ".json":
        return False
    with opened(path) as file:
        return _SQUAD.match(file.read(4096).removeprefix(BOM)) is not None
