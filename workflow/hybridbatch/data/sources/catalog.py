"""The data sets that the project knows and the raw files that they are made of.

Every raw file is pinned in `resources/raw_files.tsv` by its path (host/path of the upstream URL),
its SHA-256 and its size. Imports are light: the workflow reads the catalog before any stage runs.
"""

import csv
from dataclasses import dataclass
from functools import cache

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import XQUAD_R
from hybridbatch.common.resources import package_file

_RAW_FILES = package_file("resources/raw_files.tsv")
VALIDATION = "squadshifts"  # on which training can be validated, as the paper does
_COLUMNS = ["dataset", "language", "path", "sha256", "size"]


@dataclass(frozen=True)
class RawFile:
    """One file as upstream publishes it.

    `path` is host and path of the URL; `language` is None where a file serves all languages;
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
    """A built-in data set: what it serves as (benchmark, source, validation) and whose it is."""

    name: str
    roles: tuple[str, ...]
    licence: str
    citation: str
    homepage: str


@dataclass(frozen=True)
class BaseModel:
    """The model that the project can train from without a download, and whose it is."""

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

DATASETS: tuple[Dataset, ...] = (
    Dataset(
        name="cldr",
        roles=("benchmark", "source"),
        licence="Unicode-3.0",
        citation="Unicode Common Locale Data Repository (CLDR), as packaged by Babel",
        homepage="https://cldr.unicode.org",
    ),
    Dataset(
        name="xquad-r",
        roles=("benchmark",),
        licence="CC-BY-SA-4.0",
        citation="Roy et al., LAReQA, EMNLP 2020 (arXiv 2004.05484); "
        "after Artetxe et al., XQuAD, ACL 2020 (arXiv 1910.11856)",
        homepage="https://github.com/google-research-datasets/lareqa",
    ),
    Dataset(
        name="mlqa-r",
        roles=("benchmark", "source"),
        licence="CC-BY-NC-4.0",
        citation="Roy et al., LAReQA, EMNLP 2020 (arXiv 2004.05484); "
        "after Lewis et al., MLQA, ACL 2020 (arXiv 1910.07475)",
        homepage="https://github.com/google-research-datasets/lareqa",
    ),
    Dataset(
        name="ntrex-128",
        roles=("source",),
        licence="CC-BY-SA-4.0",
        citation="Federmann, Kocmi and Xin, NTREX-128, SUMEval workshop 2022",
        homepage="https://github.com/MicrosoftTranslator/NTREX",
    ),
    Dataset(
        name="miracl",
        roles=("benchmark",),
        licence="Apache-2.0",
        citation="Zhang et al., MIRACL, TACL 2023 (arXiv 2210.09984)",
        homepage="https://huggingface.co/datasets/miracl/miracl",
    ),
    # SHA-256 and sizes as the library `datasets` recorded them for its loader of `squadshifts`
    # (huggingface/datasets at 0129d93, datasets/squadshifts/dataset_infos.json).
    Dataset(
        name=VALIDATION,
        roles=("validation",),
        licence="CC-BY-4.0",
        citation="Miller, Krauth, Recht and Schmidt, The Effect of Natural Distribution Shift on "
        "Question Answering Models, ICML 2020",
        homepage="https://modestyachts.github.io/squadshifts-website",
    ),
)


def dataset(name: str) -> Dataset:
    """The built-in data set of that name.

    Raises:
        HybridBatchError: the catalog has none of that name.
    """
    for entry in DATASETS:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in DATASETS)
    raise HybridBatchError(f"catalog: no data set {name!r}; built in are {known}")


@cache
def raw_files() -> tuple[RawFile, ...]:
    """Every pinned file, in the order of `resources/raw_files.tsv`."""
    with _RAW_FILES.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)
        if reader.fieldnames != _COLUMNS:
            raise HybridBatchError(f"{_RAW_FILES}: the columns should be {', '.join(_COLUMNS)}")
        return tuple(_raw_file(row) for row in reader)


def files_of(name: str) -> tuple[RawFile, ...]:
    """The raw files of a data set, by language; none for a generated one such as `cldr`.

    Raises:
        HybridBatchError: the catalog has no data set of that name.
    """
    wanted = dataset(name).name
    return tuple(file for file in raw_files() if file.dataset == wanted)


def languages_of(name: str) -> tuple[str, ...]:
    """The languages that a data set comes in, sorted; errors as `files_of`."""
    if name == "cldr":
        return XQUAD_R  # generated in the languages of XQuAD-R
    return tuple(sorted({file.language for file in files_of(name) if file.language is not None}))


def file_at(path: str) -> RawFile:
    """The raw file with that host/path.

    Raises:
        HybridBatchError: no such file is pinned.
    """
    for file in raw_files():
        if file.path == path:
            return file
    raise HybridBatchError(f"{path}: not in the catalog; pin it in resources/{_RAW_FILES.name}")


def _raw_file(row: dict[str, str]) -> RawFile:
    language = None if row["language"] == "-" else row["language"]
    return RawFile(row["dataset"], language, row["path"], row["sha256"], int(row["size"]))
