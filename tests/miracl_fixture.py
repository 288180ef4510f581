"""A generated MIRACL in its published layout: topics, judgements and a corpus."""

import gzip
import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from hybridbatch.data.sources.miracl import corpus_path

_QUERIES = "huggingface.co/datasets/miracl/miracl/resolve/main"


def write_mirror(
    mirror: Path, sizes: Mapping[str, int], *, queries: int = 4, files: int = 1
) -> Path:
    """A mirror with a given number of passages in each language.

    The catalog does not pin these topics and judgements: `pin` them in a copy of it.
    """
    for language, passages in sizes.items():
        random.seed(language)
        ids = [f"{number // 3}#{number % 3}" for number in range(passages)]
        topics, qrels = [], []
        for query in range(queries):
            topics.append(f'{query}\tq{query} "quoted {language}?')
            for rank, passage in enumerate(random.sample(ids, 4)):
                qrels.append(f"{query}\tQ0\t{passage}\t{int(rank < 2)}")
        for kind, lines in (("topics", topics), ("qrels", qrels)):
            name = f"{kind}.miracl-v1.0-{language}-dev.tsv"
            path = mirror / _QUERIES / f"miracl-v1.0-{language}" / kind / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        write_corpus(mirror, language, ids, files=files)
    return write_checksums(mirror)


def write_corpus(mirror: Path, language: str, ids: Sequence[str], *, files: int) -> None:
    """`docs-0.jsonl.gz` and so on, with the passages in the order of `ids`."""
    share = -(-len(ids) // files)
    for number in range(files):
        path = mirror / corpus_path(language, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = []
        for docid in ids[number * share : (number + 1) * share]:
            title = "" if docid.startswith("7#") else f"T{docid.partition('#')[0]}"
            text = f'{language} {docid} "text"'
            lines.append(json.dumps({"docid": docid, "title": title, "text": text}) + "\n")
        # Without the time of writing, so that the same ids always give the same bytes.
        path.write_bytes(gzip.compress("".join(lines).encode(), compresslevel=1, mtime=0))


def write_checksums(mirror: Path) -> Path:
    """`SHA256SUMS` of all that the mirror holds."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  ./{path.relative_to(mirror)}"
        for path in sorted(mirror.rglob("*"))
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    (mirror / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return mirror


def pin(raw_files: Path, mirror: Path) -> None:
    """Pin the generated topics and judgements in a copy of the catalog's table."""
    rows = [line.split("\t") for line in raw_files.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        path = mirror / row[2]
        if row[0] == "miracl" and path.is_file():
            content = path.read_bytes()
            row[3:] = [hashlib.sha256(content).hexdigest(), str(len(content))]
    raw_files.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
