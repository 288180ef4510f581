"""The built-in data sets, and the raw files that they are made from.

Every raw file is pinned in `resources/raw_files.tsv` by its path (host/path of the upstream URL),
its SHA-256 and its size. Imports are light: the workflow reads the catalog before any stage runs.
"""

import csv
from dataclasses import dataclass
from functools import cache
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.package_files import package_file
from hybridbatch.common.registry import Registry, reference

XQUAD_R = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
MIRACL = (
    "ar", "bn", "de", "en", "es", "fa", "fi", "fr", "hi", "id", "ja", "ko", "ru", "sw", "te", "th",
    "yo", "zh",
)  # fmt: skip
# The languages of the figures in arXiv 2408.10536, which has none for de, en and yo.
PAPER_MIRACL = tuple(code for code in MIRACL if code not in ("de", "en", "yo"))

_RAW_FILES = package_file("resources/raw_files.tsv")
VALIDATION = "squadshifts"  # training can validate on it, as in the paper
_COLUMNS = ["dataset", "language", "path", "sha256", "size"]


@dataclass(frozen=True)
class RawFile:
    """One file as upstream publishes it.

    `path` is host and path of the URL; `language` is None if the file covers all languages;
    `sha256` is 64 hexadecimal digits and `size` a number of bytes.
    """

    dataset: str
    language: str | None
    path: str
    sha256: str
    size: int

    @property
    def url(self) -> str:
        """Where upstream publishes the file."""
        return f"https://{self.path}"


@dataclass(frozen=True)
class Dataset:
    """A data set that the configuration names without a path.

    Attributes:
        name: in the configuration and the files.
        licence, citation, homepage: for the report and the model cards.
        label: its name in texts; by default `name`.
        benchmark: MODULE:NAME of the function that reads it as a benchmark, such as
            `data.benchmarks.read_lareqa`; in an extension :NAME. Empty if it is not a benchmark.
        pairs: the same for its pairs, such as `data.pairs.read_mlqa`.
        trains: whether its pairs are for training; if not, they are for validation.
        same_items: whether its pairs have the items of the benchmark with its name.
        languages: its languages, if it is made without files.
        files: its raw files, if `raw_files.tsv` does not list them.
    """

    name: str
    licence: str
    citation: str
    homepage: str
    label: str = ""
    benchmark: str = ""
    pairs: str = ""
    trains: bool = True
    same_items: bool = False
    languages: tuple[str, ...] = ()
    files: tuple[RawFile, ...] = ()

    @property
    def roles(self) -> tuple[str, ...]:
        """Its uses: `benchmark`, `source`, `validation`."""
        pairs = "source" if self.trains else "validation"
        found = (("benchmark", self.benchmark), (pairs, self.pairs))
        return tuple(role for role, reader in found if reader)


@dataclass(frozen=True)
class BaseModel:
    """The base model that needs no download."""

    name: str
    hub_id: str
    licence: str
    citation: str
    homepage: str


EMBEDDED_MODEL = BaseModel(
    name="multilingual-e5-small",
    hub_id="intfloat/multilingual-e5-small",
    licence="MIT",
    citation="Wang et al., Multilingual E5 Text Embeddings (arXiv 2402.05672)",
    homepage="https://huggingface.co/intfloat/multilingual-e5-small",
)

_PAIRS, _BENCHMARKS = "hybridbatch.data.pairs", "hybridbatch.data.benchmarks"
DATASETS = Registry(
    "data set",
    (
        Dataset(
            name="cldr",
            label="CLDR facts",
            benchmark=f"{_BENCHMARKS}:from_cldr",
            pairs=f"{_PAIRS}:cldr_rows",
            languages=XQUAD_R,
            licence="Unicode-3.0",
            citation="Unicode Common Locale Data Repository (CLDR), as packaged by Babel",
            homepage="https://cldr.unicode.org",
        ),
        Dataset(
            name="xquad-r",
            label="XQuAD-R",
            benchmark=f"{_BENCHMARKS}:read_lareqa",
            licence="CC-BY-SA-4.0",
            citation="Roy et al., LAReQA, EMNLP 2020 (arXiv 2004.05484); "
            "after Artetxe et al., XQuAD, ACL 2020 (arXiv 1910.11856)",
            homepage="https://github.com/google-research-datasets/lareqa",
        ),
        Dataset(
            name="mlqa-r",
            label="MLQA-R",
            benchmark=f"{_BENCHMARKS}:read_lareqa",
            pairs=f"{_PAIRS}:read_mlqa",
            same_items=True,
            licence="CC-BY-NC-4.0",
            citation="Roy et al., LAReQA, EMNLP 2020 (arXiv 2004.05484); "
            "after Lewis et al., MLQA, ACL 2020 (arXiv 1910.07475)",
            homepage="https://github.com/google-research-datasets/lareqa",
        ),
        Dataset(
            name="ntrex-128",
            pairs=f"{_PAIRS}:read_ntrex",
            licence="CC-BY-SA-4.0",
            citation="Federmann, Kocmi and Xin, NTREX-128, SUMEval workshop 2022",
            homepage="https://github.com/MicrosoftTranslator/NTREX",
        ),
        Dataset(
            name="miracl",
            label="MIRACL",
            benchmark=f"{_BENCHMARKS}:from_miracl",
            licence="Apache-2.0",
            citation="Zhang et al., MIRACL, TACL 2023 (arXiv 2210.09984)",
            homepage="https://huggingface.co/datasets/miracl/miracl",
        ),
        # SHA-256 and sizes as the library `datasets` recorded them for its loader of `squadshifts`
        # (huggingface/datasets at 0129d93, datasets/squadshifts/dataset_infos.json).
        Dataset(
            name=VALIDATION,
            pairs=f"{_PAIRS}:read_squadshifts",
            trains=False,
            licence="CC-BY-4.0",
            citation="Miller, Krauth, Recht and Schmidt, The Effect of Natural Distribution Shift "
            "on Question Answering Models, ICML 2020",
            homepage="https://modestyachts.github.io/squadshifts-website",
        ),
    ),
)


def dataset(name: str) -> Dataset:
    """The built-in data set of that name.

    Raises:
        HybridBatchError: the catalog has no such data set.
    """
    if name not in DATASETS:
        known = ", ".join(DATASETS.names)
        raise HybridBatchError(f"catalog: no data set {name!r}; the built-in ones are {known}")
    return DATASETS[name]


def with_role(role: str) -> tuple[str, ...]:
    """The names of the data sets with this role."""
    return tuple(entry.name for entry in DATASETS if role in entry.roles)


def reader(name: str, *, pairs: bool) -> dict[str, Any]:
    """The reader of a data set, as options of the stages `pairs` and `benchmarks`."""
    entry = dataset(name)
    named = entry.pairs if pairs else entry.benchmark
    if named.startswith((_PAIRS, _BENCHMARKS)):
        return {"reader": named}  # it is part of the stage's code
    return {"reader": named, **reference(named, DATASETS.origin(name))}


@cache
def raw_files() -> tuple[RawFile, ...]:
    """Every pinned file, in the order of `resources/raw_files.tsv`."""
    with _RAW_FILES.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)
        if reader.fieldnames != _COLUMNS:
            raise HybridBatchError(f"{_RAW_FILES}: the columns should be {', '.join(_COLUMNS)}")
        return tuple(_raw_file(row) for row in reader)


def pinned_files() -> tuple[RawFile, ...]:
    """All pinned files, including those of data sets from extensions."""
    return (*raw_files(), *(file for entry in DATASETS for file in entry.files))


def files_of(name: str) -> tuple[RawFile, ...]:
    """The raw files of a data set, by language; none for a generated one such as `cldr`.

    Raises:
        HybridBatchError: the catalog has no data set of that name.
    """
    entry = dataset(name)
    return entry.files or tuple(file for file in raw_files() if file.dataset == entry.name)


def languages_of(name: str) -> tuple[str, ...]:
    """The languages of a data set, sorted. It raises the errors of `files_of`."""
    if languages := dataset(name).languages:
        return languages
    return tuple(sorted({file.language for file in files_of(name) if file.language is not None}))


def file_at(path: str) -> RawFile:
    """The raw file with that host/path.

    Raises:
        HybridBatchError: no such file is pinned.
    """
    for file in pinned_files():
        if file.path == path:
            return file
    raise HybridBatchError(f"{path}: not in the catalog; pin it in resources/{_RAW_FILES.name}")


def _raw_file(row: dict[str, str]) -> RawFile:
    language = None if row["language"] == "-" else row["language"]
    return RawFile(row["dataset"], language, row["path"], row["sha256"], int(row["size"]))
