"""One raw file at a time: from a folder, from a server that fails, never a wrong byte."""

import hashlib
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.download import Options, Patience, fetch
from hybridbatch.data.mirrors import choose_mirror
from hybridbatch.data.sources import catalog
from hybridbatch.planning.downloads import check_download

BODY = "Ein Satz.\nΜία πρόταση.\n".encode() * 100
PATH = "raw.example.org/data/v1/de.json"
FILE = Options(path=PATH, sha256=hashlib.sha256(BODY).hexdigest(), size=len(BODY))
QUICK = Patience(attempts=3, backoff=0.0, timeout=(2.0, 2.0))


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@contextmanager
def server(*replies: tuple[int, bytes, int | None]) -> Iterator[tuple[str, list[str]]]:
    """A local server that gives each reply once, the last one ever after.

    A reply is (status, body, Content-Length or None for no such header).
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, length = replies[min(len(asked), len(replies) - 1)]
            asked.append(self.path)
            self.send_response(status)
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.server_port}/mirror", asked
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


def mirror_with(folder: Path, body: bytes) -> Path:
    file = folder / "mirror" / PATH
    file.parent.mkdir(parents=True)
    file.write_bytes(body)
    return folder / "mirror"


def assert_nothing_left(folder: Path) -> None:
    assert list(folder.rglob("de.json*")) == [] and list(folder.rglob(".de.json*")) == []


def test_from_a_folder(tmp_path: Path) -> None:
    mirror = mirror_with(tmp_path, BODY)
    for number, spelling in enumerate([str(mirror), f"{mirror}/", mirror.as_uri()]):
        output = tmp_path / f"raw{number}" / "de.json"
        fetch(FILE, output=output, mirror=spelling)
        assert output.read_bytes() == BODY


def test_from_a_server_with_progress(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with server((200, BODY, len(BODY))) as (url, asked):
        fetch(FILE, output=tmp_path / "de.json", mirror=url + "/", patience=QUICK)
    assert (tmp_path / "de.json").read_bytes() == BODY
    assert asked == [f"/mirror/{PATH}"]
    assert "de.json: 3,300/3,300 bytes (100 %)" in caplog.text


def test_a_server_that_fails_twice_is_asked_a_third_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with server((503, b"", 0), (429, b"", 0), (200, BODY, len(BODY))) as (url, asked):
        fetch(FILE, output=tmp_path / "de.json", mirror=url, patience=QUICK)
    assert (tmp_path / "de.json").read_bytes() == BODY
    assert len(asked) == 3
    assert "HTTP 503 Service Unavailable; try 2 of 3" in caplog.text
    assert "HTTP 429 Too Many Requests; try 3 of 3" in caplog.text


@pytest.mark.parametrize("length", [len(BODY), None])
def test_a_body_that_is_cut_off_is_fetched_again(tmp_path: Path, length: int | None) -> None:
    with server((200, BODY[:1000], length), (200, BODY, len(BODY))) as (url, asked):
        fetch(FILE, output=tmp_path / "de.json", mirror=url, patience=QUICK)
    assert (tmp_path / "de.json").read_bytes() == BODY
    assert len(asked) == 2


def test_a_body_that_is_always_cut_off_is_an_error(tmp_path: Path) -> None:
    with (
        server((200, BODY[:1000], len(BODY))) as (url, asked),
        pytest.raises(HybridBatchError, match=r"cannot be downloaded \(.*, 3 tries") as caught,
    ):
        fetch(FILE, output=tmp_path / "de.json", mirror=url, patience=QUICK)
    assert len(asked) == 3
    assert "1000 bytes read, 2300 more expected" in str(caught.value)
    assert_nothing_left(tmp_path)


def test_a_wrong_digest_names_both_and_is_not_tried_again(tmp_path: Path) -> None:
    other = BODY.replace(b"Satz", b"Sitz")
    with (
        server((200, other, len(other))) as (url, asked),
        pytest.raises(HybridBatchError, match="wrong checksum") as caught,
    ):
        fetch(FILE, output=tmp_path / "de.json", mirror=url, patience=QUICK)
    message = str(caught.value)
    assert PATH in message and FILE.sha256 in message
    assert hashlib.sha256(other).hexdigest() in message
    assert len(asked) == 1
    assert_nothing_left(tmp_path)


def test_a_whole_but_shorter_body_is_a_wrong_file(tmp_path: Path) -> None:
    other = BODY[:-17]
    with (
        server((200, other, len(other))) as (url, asked),
        pytest.raises(HybridBatchError, match=r"\(3,283 bytes\), expected .* \(3,300 bytes\)"),
    ):
        fetch(FILE, output=tmp_path / "de.json", mirror=url, patience=QUICK)
    assert len(asked) == 1


def test_a_larger_body_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (
        server((200, BODY + b"more", None)) as (url, asked),
        pytest.raises(HybridBatchError, match="larger than the 3,300 bytes expected"),
    ):
        fetch(FILE, output=tmp_path / "de.json", mirror=url, patience=QUICK)
    assert len(asked) == 1
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize("body", [BODY + b"more", BODY[:-1], BODY.replace(b"Satz", b"Sitz")])
def test_a_changed_file_in_a_folder_names_both_digests(tmp_path: Path, body: bytes) -> None:
    mirror = mirror_with(tmp_path, body)
    with pytest.raises(HybridBatchError, match="wrong checksum") as caught:
        fetch(FILE, output=tmp_path / "raw" / "de.json", mirror=str(mirror))
    assert FILE.sha256 in str(caught.value)
    assert hashlib.sha256(body).hexdigest() in str(caught.value)
    assert_nothing_left(tmp_path / "raw")


def test_404_in_a_mirror_names_the_url(tmp_path: Path) -> None:
    with (
        server((404, b"", 0)) as (url, asked),
        pytest.raises(HybridBatchError, match=f"not in the mirror, looked for {url}/{PATH}; put"),
    ):
        fetch(FILE, output=tmp_path / "de.json", mirror=url, patience=QUICK)
    assert len(asked) == 1


def test_a_file_that_a_folder_lacks_names_the_place(tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    place = tmp_path / "mirror" / PATH
    with pytest.raises(HybridBatchError, match=f"not in the mirror, looked for {place}; put it"):
        fetch(FILE, output=tmp_path / "de.json", mirror=str(tmp_path / "mirror"))


def test_no_network_says_how_to_use_a_mirror(tmp_path: Path) -> None:
    with server((200, BODY, len(BODY))) as (url, _):
        pass  # from here on nobody listens
    with pytest.raises(HybridBatchError, match=r"3 tries\); without a network, set `mirror:`"):
        fetch(FILE, output=tmp_path / "de.json", mirror=url, patience=QUICK)
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize(
    ("mirror", "message"),
    [
        ("/no/such/folder", "mirror /no/such/folder: no such folder; set `mirror:`"),
        ("s3://bucket/data", "mirror s3://bucket/data: neither a folder nor"),
    ],
)
def test_a_mirror_that_is_none(tmp_path: Path, mirror: str, message: str) -> None:
    with pytest.raises(HybridBatchError, match=message):
        fetch(FILE, output=tmp_path / "de.json", mirror=mirror)


def test_the_environment_overrides_the_option() -> None:
    assert choose_mirror("../mirror", {"HYBRIDBATCH_MIRROR": "https://m.org"}) == "https://m.org"
    assert choose_mirror("../mirror", {"HYBRIDBATCH_MIRROR": ""}) == "../mirror"
    assert choose_mirror("../mirror", {}) == "../mirror"
    assert choose_mirror(None, {}) is None


def test_a_download_is_checked_again_when_it_is_read() -> None:
    pinned = catalog.raw_files()[0]
    file = Path("results/raw") / pinned.path
    check_download(file, f"sha256:{pinned.sha256}")
    with pytest.raises(HybridBatchError, match=rf"^{file}: damaged, its SHA-256 .*; remove it"):
        check_download(file, f"sha256:{'0' * 64}")
    # What the catalog does not pin, and a user's own file of the same name.
    check_download(Path("results/raw/huggingface.co/docs-0.jsonl.gz"), "sha256:0")
    check_download(Path("data") / pinned.path, "sha256:0")
