"""The pinned raw files: complete, well-formed, and what the mirror holds."""

import os
from pathlib import Path

import pytest

from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import is_code
from hybridbatch.data.sources import catalog
from hybridbatch.data.sources.catalog import XQUAD_R

MIRROR = os.environ.get("HYBRIDBATCH_MIRROR", "")


@pytest.mark.parametrize(
    ("name", "languages", "files"),
    [
        ("xquad-r", XQUAD_R, 11),
        ("mlqa-r", ("ar", "de", "en", "es", "hi", "vi", "zh"), 7),
        ("ntrex-128", XQUAD_R, 12),
    ],
)
def test_a_data_set_has_one_file_per_language(
    name: str, languages: tuple[str, ...], files: int
) -> None:
    assert catalog.languages_of(name) == languages
    assert len(catalog.files_of(name)) == files


def test_miracl_has_topics_and_judgements_of_18_languages() -> None:
    files = catalog.files_of("miracl")
    assert len(catalog.languages_of("miracl")) == 18
    assert sum("/topics/" in file.path for file in files) == 18
    assert sum("/qrels/" in file.path for file in files) == 18


def test_the_document_ids_of_ntrex_belong_to_no_language() -> None:
    shared = [file for file in catalog.files_of("ntrex-128") if file.language is None]
    assert [Path(file.path).name for file in shared] == ["DOCUMENT_IDS.tsv"]


def test_chinese_ntrex_is_the_simplified_one() -> None:
    (chinese,) = [file for file in catalog.files_of("ntrex-128") if file.language == "zh"]
    assert chinese.path.endswith("newstest2019-ref.zho-CN.txt")


def test_every_file_is_pinned_once() -> None:
    files = catalog.raw_files()
    assert len({file.path for file in files}) == len(files) == 70
    for file in files:
        assert len(file.sha256) == 64 and set(file.sha256) <= set("0123456789abcdef")
        assert file.size > 0
        assert file.language is None or is_code(file.language)
        assert catalog.file_at(file.path) == file


def test_the_url_is_the_path_over_https() -> None:
    file = catalog.files_of("xquad-r")[0]
    assert file.url.startswith("https://raw.githubusercontent.com/google-research-datasets/lareqa/")
    assert file.url.endswith("/xquad-r/ar.json")


def test_the_generated_data_set_has_languages_and_no_files() -> None:
    assert catalog.files_of("cldr") == ()
    assert catalog.languages_of("cldr") == XQUAD_R


def test_every_data_set_says_whose_it_is() -> None:
    for entry in catalog.DATASETS:
        assert entry.licence and entry.citation and entry.homepage.startswith("https://")
        assert set(entry.roles) <= {"benchmark", "source", "validation"}


def test_unknown_names_are_named() -> None:
    with pytest.raises(HybridBatchError, match="no data set 'squad'; the built-in ones are cldr"):
        catalog.files_of("squad")
    with pytest.raises(HybridBatchError, match=r"example\.org/a\.json: not in the catalog"):
        catalog.file_at("example.org/a.json")


@pytest.mark.skipif(
    not Path(MIRROR).is_dir() or not MIRROR, reason="set HYBRIDBATCH_MIRROR to a folder"
)
def test_the_mirror_holds_what_is_pinned() -> None:
    for file in catalog.raw_files():
        if file.dataset == "squadshifts":
            continue  # chosen by few, and so not in every mirror
        path = Path(MIRROR) / file.path
        assert (path.stat().st_size, sha256_file(path)) == (file.size, file.sha256), file.path
