"""Windows over translated news: no line twice, never across documents."""

import os
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.sources.catalog import files_of
from hybridbatch.data.sources.ntrex import LANGUAGES, NtrexPair, Window, pairs, read_files, windows

MIRROR = os.environ.get("HYBRIDBATCH_MIRROR", "")

DOCUMENTS = ["mail.7"] * 4 + ["post.8"] * 3 + ["post.9"]
ENGLISH = [
    "Storm ahead", "It will rain.", "Stay at home.", "Ships wait.",
    "New bridge", "It spans the bay.", "It opens in May.",
    "Corrections",
]  # fmt: skip
CHINESE = [
    "风暴将至", "会下雨。", "待在家里。", "船在等。",
    "新桥", "它横跨海湾。", "五月通车。",
    "更正",
]  # fmt: skip


def written(folder: Path, **texts: list[str]) -> list[Path]:
    """The files as upstream has them: LF ends in the document ids, CRLF in the texts."""
    ids = folder / "DOCUMENT_IDS.tsv"
    ids.write_bytes("".join(f"{document}\n" for document in DOCUMENTS).encode())
    paths = [ids]
    for code, lines in texts.items():
        path = folder / f"newstest2019-ref.{code.replace('_', '-')}.txt"
        path.write_bytes("".join(f"{line}\r\n" for line in lines).encode())
        paths.append(path)
    return paths


def test_a_headline_takes_what_leaves_the_rest_in_twos() -> None:
    # mail.7 has a body of 3: the headline takes 1, two are left. post.8 has a body of 2: it takes
    # both. post.9 is a lone line.
    assert list(windows(DOCUMENTS)) == [
        Window("mail.7", 0, (1,)),
        Window("mail.7", 2, (3,)),
        Window("post.8", 4, (5, 6)),
    ]


@given(st.lists(st.sampled_from("abc"), max_size=40))
def test_windows_share_no_line_and_stay_in_their_document(documents: list[str]) -> None:
    found = list(windows(documents))
    lines = [line for window in found for line in (window.question, *window.passage)]
    assert all(count == 1 for count in Counter(lines).values())
    for window in found:
        span = (window.question, *window.passage)
        assert span == tuple(range(span[0], span[0] + len(span))), "a line and those after it"
        assert len(window.passage) in (1, 2)
        assert {documents[line] for line in span} == {window.document}
    # Every line of a document of two lines or more is used.
    runs = [len(list(run)) for _, run in groupby(documents)]
    assert len(lines) == sum(run for run in runs if run > 1)
    assert len({window.item_id for window in found}) == len(found)


def test_pairs_in_two_languages(tmp_path: Path) -> None:
    source = read_files(written(tmp_path, zho_CN=CHINESE, eng=ENGLISH))
    assert list(pairs(source)) == [
        NtrexPair("ntrex-128:mail.7:0", "en", "Storm ahead", "It will rain."),
        NtrexPair("ntrex-128:mail.7:0", "zh", "风暴将至", "会下雨。"),
        NtrexPair("ntrex-128:mail.7:2", "en", "Stay at home.", "Ships wait."),
        NtrexPair("ntrex-128:mail.7:2", "zh", "待在家里。", "船在等。"),
        NtrexPair("ntrex-128:post.8:4", "en", "New bridge", "It spans the bay. It opens in May."),
        NtrexPair("ntrex-128:post.8:4", "zh", "新桥", "它横跨海湾。五月通车。"),
    ]


def test_a_blank_line_drops_its_window_in_that_language(tmp_path: Path) -> None:
    gap = [*CHINESE[:6], " ", CHINESE[7]]
    found = list(pairs(read_files(written(tmp_path, eng=ENGLISH, zho_CN=gap))))
    assert [pair.language for pair in found] == ["en", "zh", "en", "zh", "en"]


def test_rare_line_breaks_are_part_of_a_line(tmp_path: Path) -> None:
    odd = ["Storm\u2028ahead", "It\x85will rain.", *ENGLISH[2:]]
    first = next(pairs(read_files(written(tmp_path, eng=odd))))
    assert (first.question, first.passage) == ("Storm\u2028ahead", "It\x85will rain.")


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    paths = written(tmp_path, eng=ENGLISH, deu=ENGLISH[:-1])
    with pytest.raises(HybridBatchError, match=r"the de file has 7 lines and DOCUMENT_IDS.tsv 8"):
        read_files(paths)
    with pytest.raises(HybridBatchError, match=r"DOCUMENT_IDS\.tsv is missing"):
        read_files(paths[1:])
    with pytest.raises(HybridBatchError, match=r"ref\.xho\.txt: not one of the NTREX-128 files"):
        read_files(written(tmp_path, xho=ENGLISH))
    with pytest.raises(HybridBatchError, match="cannot be read"):
        read_files([tmp_path / "newstest2019-src.eng.txt"])
    paths[1].write_bytes(b"\xff\r\n")
    with pytest.raises(HybridBatchError, match=r"ref\.eng\.txt: not UTF-8"):
        read_files(paths)


@pytest.mark.skipif(
    not MIRROR or not Path(MIRROR).is_dir(), reason="set HYBRIDBATCH_MIRROR to a folder"
)
def test_the_real_data_gives_964_items_in_11_languages() -> None:
    source = read_files(Path(MIRROR) / file.path for file in files_of("ntrex-128"))
    assert set(source.lines) == set(LANGUAGES.values())
    assert len(source.documents) == 1997
    assert len(set(source.documents)) == 123
    assert len(list(windows(source.documents))) == 964
    assert len(list(pairs(source))) == 964 * 11
