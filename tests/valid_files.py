"""Small valid files of every format that is read, with an independent count of their rows."""

import csv
import gzip
import io
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

from hybridbatch.data.readers.reading import AS_IT_IS, Reading

PAIRS = [
    {
        "item_id": "1",
        "language": "en",
        "question": "Who, then?",
        "passage": 'It is "Ann",\nI hear.',
    },
    {"item_id": "1", "language": "th", "question": "ใครกัน?", "passage": "แอนน์"},
    {"item_id": "2", "language": "en", "question": "When?", "passage": "Now 😀, or later."},
    {"item_id": "2", "language": "ar", "question": "متى؟", "passage": "الآن"},
]
FLAT = [{**row, "passage": row["passage"].replace("\n", " ")} for row in PAIRS]
CORPUS = [
    {"_id": "p1", "title": "Ann", "text": "Ann keeps the light.", "metadata": {}},
    {"_id": "p2", "title": "", "text": "Bees sleep at night 😀."},
    {"_id": "p3", "title": "Only a title", "text": ""},
]
QUERIES = [{"_id": "q1", "text": "Who keeps the light?"}, {"_id": "q2", "text": "Who sleeps?"}]
QRELS = [("q1", "p1", 1), ("q2", "p2", 2), ("q2", "p3", 0)]
SQUAD = {
    "version": "1.1",
    "data": [
        {
            "title": "Light",
            "paragraphs": [
                {
                    "context": "Ann keeps the light. Bees sleep.",
                    "qas": [
                        {
                            "id": "a",
                            "question": "Who?",
                            "answers": [{"text": "Ann", "answer_start": -1}],
                        },
                        {"id": "b", "question": "What?", "answers": [], "is_impossible": True},
                        {"id": "c", "question": "Do bees?", "answers": [{"text": "sleep"}]},
                    ],
                }
            ],
        }
    ],
}
# The names that BEIR's columns of queries and scores may have.
BEIR = (("query-id", "qid", "query_id"), ("score", "label", "rel", "relevance"))
Counts = Mapping[str, int]


@dataclass(frozen=True)
class Valid:
    """One format.

    Attributes:
        write: writes the data below a folder and returns their path.
        counts: the rows of the tables that the path holds, read without the project; only those
            that the reader must return.
        pairs: whether it is read as pairs, else as a benchmark.
        reading: how it is read.
        shards: whether it is cut into shards, as the passages of a large benchmark.
    """

    write: Callable[[Path], Path]
    counts: Callable[[Path], Counts]
    pairs: bool = True
    reading: Reading = AS_IT_IS
    shards: bool = False


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def separated(rows: list[dict[str, Any]], mark: str) -> str:
    out = io.StringIO(newline="")
    if mark == "\t":
        return "".join(
            "\t".join(map(str, r)) + "\n" for r in [list(rows[0]), *(r.values() for r in rows)]
        )
    writer = csv.DictWriter(out, list(rows[0]), delimiter=mark, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def text(name: str, content: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        data = content.encode()
        (folder / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        return folder / name

    return write


def content_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")


def count_lines(path: Path) -> int:
    return sum(bool(line.strip()) for line in content_of(path).split("\n"))


def count_csv(path: Path) -> int:
    csv.field_size_limit(sys.maxsize)
    return sum(bool(row) for row in csv.reader(io.StringIO(content_of(path), newline=""))) - 1


def count_json(path: Path) -> int:
    return len(json.loads(content_of(path)))


def count_tsv(path: Path) -> int:
    return sum(bool(line.strip("\r")) for line in re.split("\r?\n", content_of(path))) - 1


def count_arrow(path: Path) -> int:
    opener = pa.ipc.open_file if path.read_bytes()[:6] == b"ARROW1" else pa.ipc.open_stream
    with opener(path.read_bytes()) as reader:
        return int(reader.read_all().num_rows)


def count_parquet(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)


def count_squad(path: Path) -> int:
    return sum(
        bool(each.get("answers")) and not each.get("is_impossible")
        and bool(each["question"].strip()) and bool(paragraph["context"].strip())
        for article in json.loads(content_of(path))["data"]
        for paragraph in article["paragraphs"]
        for each in paragraph["qas"]
    )  # fmt: skip


def pairs_in(count: Callable[[Path], int]) -> Callable[[Path], Counts]:
    return lambda path: {"pairs": count(path)}


def in_folder(write: Callable[[Path], Path], name: str) -> Callable[[Path], Path]:
    """A folder with one file."""

    def made(folder: Path) -> Path:
        (folder / name).mkdir()
        write(folder / name)
        return folder / name

    return made


def write_parquet(folder: Path) -> Path:
    pq.write_table(pa.Table.from_pylist(PAIRS), folder / "pairs.parquet")
    return folder / "pairs.parquet"


def write_arrow(folder: Path) -> Path:
    table = pa.Table.from_pylist(PAIRS)
    with pa.ipc.new_file(folder / "pairs.arrow", table.schema) as writer:
        writer.write_table(table)
    return folder / "pairs.arrow"


def write_stream(folder: Path) -> Path:
    table = pa.Table.from_pylist(PAIRS)
    with pa.ipc.new_stream(folder / "pairs.arrow", table.schema) as writer:
        writer.write_table(table)
    return folder / "pairs.arrow"


def write_dataset(folder: Path) -> Path:
    datasets.disable_progress_bars()
    datasets.Dataset.from_list(PAIRS).save_to_disk(folder / "saved")
    return folder / "saved"


def beir_files(folder: Path, *, qrels: str = "query-id\tcorpus-id\tscore\n") -> None:
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(lines(CORPUS), encoding="utf-8")
    (folder / "queries.jsonl").write_text(lines(QUERIES), encoding="utf-8")
    judged = "".join("\t".join(map(str, row)) + "\n" for row in QRELS)
    (folder / "qrels" / "test.tsv").write_text(qrels + judged, encoding="utf-8")


def write_beir(folder: Path) -> Path:
    beir_files(folder / "beir")
    return folder / "beir"


def count_beir(path: Path) -> Counts:
    file = io.StringIO(content_of(path / "qrels" / "test.tsv"), newline="")
    records = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    header, *rows = (row for row in records if row)
    query, score = (next(n for n, name in enumerate(header) if name in names) for names in BEIR)
    relevant = {row[query] for row in rows if float(row[score]) > 0}
    return {
        "passages": count_lines(path / "corpus.jsonl"),
        "queries": len(relevant),
        "qrels": sum(row[query] in relevant for row in rows),
    }


def write_beir_languages(folder: Path) -> Path:
    for language in ("de", "en"):
        beir_files(folder / "beir" / language)
    return folder / "beir"


def count_beir_languages(path: Path) -> Counts:
    return {"passages": sum(count_lines(path / code / "corpus.jsonl") for code in ("de", "en"))}


def write_mteb(folder: Path) -> Path:
    top = folder / "mteb"
    judged = [dict(zip(("query-id", "corpus-id", "score"), row, strict=True)) for row in QRELS]
    own = [{k: v for k, v in row.items() if k != "metadata"} for row in CORPUS]
    parts = (("corpus", "corpus", own), ("queries", "queries", QUERIES), ("data", "test", judged))
    for name, split, rows in parts:
        (top / f"{name}").mkdir(parents=True)
        file = top / name / f"{split}-00000-of-00001.parquet"
        pq.write_table(pa.Table.from_pylist(rows), file)
    return top


def count_mteb(path: Path) -> Counts:
    return {"passages": count_parquet(path / "corpus" / "corpus-00000-of-00001.parquet")}


def write_trec(folder: Path) -> Path:
    top = folder / "trec"
    top.mkdir()
    topics = [
        f"<top>\n<num> Number: {q['_id']}\n<title> {q['text']}\n"
        f"<desc> Description:\nMore.\n</top>\n"
        for q in QUERIES
    ]
    documents = [
        f"<DOC>\n<DOCNO> {p['_id']} </DOCNO>\n<TITLE>{p['title']}</TITLE>\n"
        f"<TEXT>{p['text']}</TEXT>\n</DOC>\n"
        for p in CORPUS
    ]
    (top / "topics.txt").write_text("\n".join(topics), encoding="utf-8")
    (top / "collection.trec").write_text("".join(documents), encoding="utf-8")
    (top / "qrels.txt").write_text("".join(f"{q} 0 {p} {n}\n" for q, p, n in QRELS))
    return top


def count_trec(path: Path) -> Counts:
    return {"passages": content_of(path / "collection.trec").lower().count("<doc>")}


def write_trec_xml(folder: Path) -> Path:
    top = write_trec(folder)
    (top / "topics.txt").unlink()
    topics = "".join(
        f'<topic number="{q["_id"]}"><query>{q["text"]}</query><narrative>n</narrative></topic>\n'
        for q in QUERIES
    )
    (top / "topics.xml").write_text(f"<topics>\n{topics}</topics>\n", encoding="utf-8")
    return top


def write_trec_lines(folder: Path) -> Path:
    top = folder / "trec"
    top.mkdir()
    (top / "topics.tsv").write_text("".join(f"{q['_id']}\t{q['text']}\n" for q in QUERIES))
    rows = "".join(f"{p['_id']}\t{p['title']}\t{p['text']}\n" for p in CORPUS)
    (top / "collection.tsv").write_text(rows)
    (top / "qrels.tsv").write_text("".join(f"{q}\t0\t{p}\t{n}\n" for q, p, n in QRELS))
    return top


def count_trec_lines(path: Path) -> Counts:
    return {"passages": count_tsv(path / "collection.tsv") + 1}


def tables(ending: str) -> Callable[[Path], Path]:
    """The project's three tables, as `parquet` or `csv`."""
    queries = [
        {"query_id": row["_id"], "item_id": row["_id"], "language": "en", "text": row["text"]}
        for row in QUERIES
    ]
    passages = [
        {"passage_id": row["_id"], "language": "en", "title": row["title"], "text": row["text"]}
        for row in CORPUS
    ]
    qrels = [dict(zip(("query_id", "passage_id", "relevance"), row, strict=True)) for row in QRELS]

    def write(folder: Path) -> Path:
        (folder / "own").mkdir()
        named = {"queries": queries, "passages": passages, "qrels": qrels}
        for name, rows in named.items():
            file = folder / "own" / f"{name}.{ending}"
            if ending == "csv":
                file.write_text(separated(rows, ","), encoding="utf-8")
            else:
                pq.write_table(pa.Table.from_pylist(rows), file)
        return folder / "own"

    return write


def count_tables(ending: str) -> Callable[[Path], Counts]:
    count = count_csv if ending == "csv" else count_parquet
    names = ("queries", "passages", "qrels")
    return lambda path: {name: count(path / f"{name}.{ending}") for name in names}


def passages_in(count: Callable[[Path], int]) -> Callable[[Path], Counts]:
    return lambda path: {"passages": count(path)}


def write_passages(folder: Path) -> Path:
    rows = [{k: v for k, v in row.items() if k != "metadata"} for row in CORPUS]
    pq.write_table(pa.Table.from_pylist(rows), folder / "passages.parquet")
    return folder / "passages.parquet"


ENGLISH = Reading(language="en")
FORMATS = {
    "shards, jsonl": Valid(
        text("corpus.jsonl", lines(CORPUS)), passages_in(count_lines), reading=ENGLISH, shards=True
    ),
    "shards, parquet": Valid(
        write_passages, passages_in(count_parquet), reading=ENGLISH, shards=True
    ),
    "csv": Valid(text("pairs.csv", separated(PAIRS, ",")), pairs_in(count_csv)),
    "csv.gz": Valid(text("pairs.csv.gz", separated(PAIRS, ",")), pairs_in(count_csv)),
    "tsv": Valid(text("pairs.tsv", separated(FLAT, "\t")), pairs_in(count_tsv)),
    "jsonl": Valid(text("pairs.jsonl", lines(PAIRS)), pairs_in(count_lines)),
    "jsonl.gz": Valid(text("pairs.jsonl.gz", lines(PAIRS)), pairs_in(count_lines)),
    "json": Valid(text("pairs.json", json.dumps(PAIRS)), pairs_in(count_json)),
    "parquet": Valid(write_parquet, pairs_in(count_parquet)),
    "arrow": Valid(write_arrow, pairs_in(count_arrow)),
    "arrow stream": Valid(write_stream, pairs_in(count_arrow)),
    "dataset": Valid(
        write_dataset, pairs_in(lambda path: sum(count_arrow(f) for f in path.glob("*.arrow")))
    ),
    "squad": Valid(text("squad.json", json.dumps(SQUAD)), pairs_in(count_squad), reading=ENGLISH),
    "beir": Valid(write_beir, count_beir, pairs=False, reading=ENGLISH),
    "beir, languages": Valid(write_beir_languages, count_beir_languages, pairs=False),
    "mteb": Valid(write_mteb, count_mteb, pairs=False, reading=ENGLISH),
    "trec": Valid(write_trec, count_trec, pairs=False, reading=ENGLISH),
    "trec xml": Valid(write_trec_xml, count_trec, pairs=False, reading=ENGLISH),
    "trec lines": Valid(write_trec_lines, count_trec_lines, pairs=False, reading=ENGLISH),
    "tables parquet": Valid(tables("parquet"), count_tables("parquet"), pairs=False),
    "tables csv": Valid(tables("csv"), count_tables("csv"), pairs=False),
}
