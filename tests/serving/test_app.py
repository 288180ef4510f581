"""What the page shows, and what it refuses."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse

import finished_case as case
from finished_case import Printed, ask
from hybridbatch.serving.app import App
from hybridbatch.serving.request import LONGEST, Asked
from served_case import HARMFUL, RUNS, open_page, texts


class Elements(HTMLParser):
    """The elements of a page: tag, attributes, text up to the next tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}, ""))

    def handle_data(self, data: str) -> None:
        if self.found:
            tag, attributes, text = self.found[-1]
            self.found[-1] = (tag, attributes, text + data)

    def texts(self, **wanted: str) -> list[str]:
        """The texts of the elements with these attributes; `of` is that of `class`."""
        named = {"class" if name == "of" else name: value for name, value in wanted.items()}
        return [
            text.strip()
            for _, attributes, text in self.found
            if named.items() <= attributes.items()
        ]


def get(app: App, **values: object) -> TestResponse:
    response: TestResponse = Client(app).get("/", query_string=values)
    return response


def shown(app: App, **values: object) -> Elements:
    response = get(app, **values)
    assert response.status_code == 200
    return Elements(response.text)


def test_the_page_shows_what_the_command_prints(app: App, results: Path, capfd: Printed) -> None:
    for question, code in ((texts(results)["de:item-100"], []), ("something new", ["ar", "en"])):
        words = [word for run in RUNS for word in ("--run", run)]
        words += [
            "--benchmark",
            case.BENCHMARK,
            "-k",
            "5",
            *(["--passages", *code] if code else []),
        ]
        (answer,) = ask(results, capfd, question, *words)
        page = shown(app, q=question, k=5, language=code)
        passages = [each for run in answer["runs"] for each in run["passages"]]
        assert [f"run-{number}" for number in (1, 2)] == [
            attributes["id"] for tag, attributes, _ in page.found if tag == "h2"
        ]
        assert page.texts(of="id") == [each["passage_id"] for each in passages]
        assert page.texts(of="score") == [f"{each['score']:.4f}" for each in passages]
        assert page.texts(of="text", dir="auto") == [each["text"] for each in passages]
        assert page.texts(of="rank") == [str(each["rank"]) for each in passages]
        assert page.texts(of="mark") == ["✓ relevant" for each in passages if each["relevant"]]
        languages = [
            attributes["lang"] for _, attributes, _ in page.found if attributes.get("dir") == "auto"
            and "lang" in attributes
        ]  # fmt: skip
        assert languages == [each["language"] for each in passages]


def test_a_question_of_the_benchmark_is_judged_and_another_is_not(app: App, results: Path) -> None:
    known = get(app, q=texts(results)["en:item-101"], k=50).text
    assert "A question of held-out (en:item-101): 3 passages of all languages" in known
    assert known.count("3 of these 50 are relevant") == 2
    new = get(app, q="something new").text
    assert "Not a question of held-out, so no passage is judged." in new
    assert "relevant</" not in new


def test_the_item_of_a_passage_is_shown_where_it_stands(app: App, results: Path) -> None:
    question = texts(results)["de:item-100"]
    closed = shown(app, q=question, k=50)
    (place,) = [
        attributes["href"] for _, attributes, _ in closed.found
        if attributes.get("aria-label") == "Parallel passages of en:item-107"
        and "open=2-" in attributes["href"]
    ]  # fmt: skip
    address, _, anchor = place.partition("#")
    response = Client(app).get(address)
    opened = Elements(response.text)
    item = response.text.partition("<dl>")[2].partition("</dl>")[0]
    assert re.findall(r"<dt>(\w+)</dt>", item) == ["Arabic", "German", "English"]
    # The passage itself is not among its parallel ones; all questions of its item are there.
    assert re.findall(r"(\w+):item-(\d+), (?:rank \d+|not in)", item) == [
        ("ar", "107"),
        ("de", "107"),
    ]
    for code in ("ar", "de", "en"):
        assert texts(results)[f"{code}:item-107"] in item
    expanded = [attributes for _, attributes, _ in opened.found if "aria-expanded" in attributes]
    assert [each["aria-expanded"] for each in expanded].count("true") == 1
    (open_link,) = [each for each in expanded if each["aria-expanded"] == "true"]
    assert "open=" not in open_link["href"]  # the same link hides it
    assert anchor in {attributes.get("id") for _, attributes, _ in opened.found}


def test_a_benchmark_in_shards_is_shown_with_its_items(results: Path) -> None:
    app = open_page(results, runs=(case.UNTRAINED,), benchmark=case.SHARDED)
    page = get(app, q=texts(results)["de:item-100"], k=5, open="1-1")
    assert page.status_code == 200
    # Its pool is German and English; Arabic has questions alone.
    item = page.text.partition("<dl>")[2].partition("</dl>")[0]
    assert re.findall(r"<dt>(\w+)</dt>", item) == ["Arabic", "German", "English"]
    assert len(re.findall(r"item-\d+, (?:rank|not)", item)) == 1
    assert Elements(page.text).texts(name="language") == ["German", "English"]


def test_without_a_question_the_page_begins_with_those_of_the_benchmark(
    app: App, results: Path
) -> None:
    page = shown(app)
    links = [has["href"] for tag, has, _ in page.found if tag == "a" and "lang" in has]
    known = texts(results)
    assert links == [Asked(known[f"{code}:item-100"]).address() for code in ("ar", "de", "en")]
    for link in links:
        assert "A question of held-out" in Client(app).get(link).text


def test_every_text_is_escaped(harmful: App) -> None:
    response = get(harmful, q='"><script>1</script>', open="1-1", k=5)
    assert response.status_code == 200
    tags = {tag for tag, _, _ in Elements(response.text).found}
    assert not tags & {"script", "img", "style", "iframe"}
    page = Elements(response.text)
    assert HARMFUL["title"] in page.texts(dir="auto")
    # A long text is cut, and whole below.
    whole = HARMFUL["text"].strip()
    found = page.texts(of="text")
    assert found[1] == whole and len(found[0]) < len(whole) and found[0].endswith("…")


def test_the_page_may_load_nothing_and_nobody_may_hold_it(app: App) -> None:
    for path in ("/", "/page.css", "/nothing"):
        headers = Client(app).get(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self';") and "script" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
    links = [
        value for _, attributes, _ in shown(app).found for name, value in attributes.items()
        if name in ("href", "src", "action")
    ]  # fmt: skip
    assert links and all(link.startswith(("/", "#")) for link in links)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost:9", 200),  # through a tunnel
        ("evil.example", 400),
        ("127.0.0.1.evil.example:8000", 400),
        ("localhost.evil.example", 400),
        ("127.0.0.1@evil.example", 400),
        ("192.168.0.1:8000", 400),
        ("", 400),
    ],
)
def test_a_name_that_is_not_of_this_machine_is_refused(app: App, host: str, status: int) -> None:
    for path in ("/", "/page.css"):
        response = Client(app).get(path, headers={"Host": host})
        assert response.status_code == status
        assert ("held-out" in response.text) is (status == 200 and path == "/")


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"q": "x" * (LONGEST + 1)}, "the question has 10,001 characters; ask one of at most"),
        ({"q": "x", "language": "fr"}, "language: &#39;fr&#39; is not in the benchmark, which has"),
        ({"q": "x", "k": "7"}, "k: &#39;7&#39;; choose one of 5, 10, 20, 50"),
    ],
)
def test_a_wrong_request_is_one_line(app: App, values: dict[str, str], line: str) -> None:
    response = get(app, **values)
    assert response.status_code == 400
    (told,) = Elements(response.text).texts(role="alert")
    assert line.replace("&#39;", "'") in told


@pytest.mark.parametrize("place", ["", "1", "0-1", "9-1", "1-99", "a-b", "1-1-1", "-", "²-1"])
def test_a_place_that_is_not_there_opens_nothing(app: App, place: str) -> None:
    assert "<dl>" not in get(app, q="new", k=5, open=place).text


def test_odd_questions(app: App) -> None:
    for question in ("\x00a\x00", "\x1b[31m", "\u202eabc", "\u200b", "سؤال", "ก" * 2000, "%%{x}"):
        assert get(app, q=question, k=5).status_code == 200
    assert Client(app).get("/?q=%ff%fe&k=5").status_code == 200
    assert "held-out · hybridbatch" in get(app, q="   ").text


def test_other_addresses_and_methods(app: App) -> None:
    client = Client(app)
    assert client.get("/../etc/passwd").status_code == 404
    assert client.get("/favicon.ico").status_code == 204
    assert client.head("/").data == b""
    response = client.post("/", data={"q": "x"})
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")


def test_a_damaged_model_is_said_on_the_page(results: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(results, tmp_path / "results"))
    file = folder / "models" / "model" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    app = open_page(folder, runs=(case.UNTRAINED,))
    for _ in range(2):
        response = get(app, q="new")
        assert response.status_code == 500
        assert f"{file}: damaged or changed" in response.text
    # Questions of the benchmark need no model.
    assert get(app, q=texts(results)["de:item-100"]).status_code == 200
