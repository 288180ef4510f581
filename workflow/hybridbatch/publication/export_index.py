"""The index of a benchmark beside an exported model: FAISS, with the passages in the same order."""

from pathlib import Path

import faiss

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.records import read_record, record_key
from hybridbatch.common.tables import read_table, write_table
from hybridbatch.planning import paths
from hybridbatch.publication.index_page import index_page
from hybridbatch.retrieval.columns import one_array
from hybridbatch.retrieval.index import read_vectors
from hybridbatch.retrieval.query_results import Evaluated, choose, read_evaluated
from hybridbatch.retrieval.retrieve import align
from hybridbatch.schemas.passage_embeddings import PASSAGE_EMBEDDINGS
from hybridbatch.schemas.passages import PASSAGES

FOLDER, INDEX, TEXTS, PAGE = "index", "index.faiss", "passages.parquet", "README.md"
_SECTION = """## Search the passages of {benchmark}

`{folder}/` holds the vectors of {count} passages under this model, as an exact FAISS index over
inner products, and in the same order their ids and texts, which have the licence of {benchmark}.

```python
import faiss
import pyarrow.parquet as pq
from sentence_transformers import SentenceTransformer

model = SentenceTransformer(".")  # the path of this folder
index = faiss.read_index("{folder}/{index}")
passages = pq.read_table("{folder}/{texts}")
question = model.encode(["..."], prompt_name="query")
scores, rows = index.search(question, 10)
for score, row in zip(scores[0], rows[0].tolist()):
    print(f"{{score:.4f}}", passages["passage_id"][row], passages["text"][row])
```

With sentence-transformers alone, after the same lines:

```python
from sentence_transformers import util

vectors = index.reconstruct_n(0, index.ntotal)
for hit in util.semantic_search(question, vectors, top_k=10)[0]:
    print(f"{{hit['score']:.4f}}", passages["passage_id"][hit["corpus_id"]])
```

[`{folder}/{page}`]({folder}/{page}) shows how to load them into Elasticsearch, Vespa, Qdrant and
LangChain.
"""


def write_index(run: str, benchmark: str, folder: Path, *, published: Path, results: Path) -> str:
    """Write the index and the passages below `folder`, and return the section of the card.

    Args:
        run: the run whose vectors are indexed.
        benchmark: the benchmark whose passages they are.
        folder: the exported folder.
        published: the published model that is exported.
        results: the folder of results.

    Raises:
        HybridBatchError: the benchmark is unknown or lies in shards, or the model, the vectors and
            the passages do not belong together.
    """
    choose(results, [run], benchmark, option="--index")
    evaluated = read_evaluated(results, run, benchmark, passages=())
    if evaluated.sharded:
        raise HybridBatchError(
            f"--index: {benchmark} lies in shards, and so do its indexes; take them from "
            f"{evaluated.place(paths.INDEXES)}"
        )
    _check_published(published, evaluated)
    passages = read_table(evaluated.place(paths.PASSAGES), PASSAGES)
    file = evaluated.place(paths.PASSAGE_VECTORS)
    vectors = read_vectors(file, PASSAGE_EMBEDDINGS)
    index = faiss.IndexFlatIP(vectors.values.shape[1])
    index.add(align(vectors, one_array(passages["passage_id"]), origin=str(file)))
    place = folder / FOLDER / benchmark
    place.mkdir(parents=True)
    faiss.write_index(index, str(place / INDEX))
    write_table(passages, place / TEXTS, PASSAGES)
    page = index_page(
        benchmark=benchmark, count=index.ntotal, dimension=index.d, index=INDEX, texts=TEXTS
    )
    (place / PAGE).write_text(page, encoding="utf-8")
    return _SECTION.format(
        benchmark=benchmark,
        folder=f"{FOLDER}/{benchmark}",
        count=f"{passages.num_rows:,}",
        index=INDEX,
        texts=TEXTS,
        page=PAGE,
    )


def _check_published(published: Path, evaluated: Evaluated) -> None:
    """Check that the published model is the one that made the vectors."""
    used = read_record(published).inputs.get(record_key(str(evaluated.model)))
    if used != read_record(evaluated.model).made:
        raise HybridBatchError(
            f"{published}: not the model that encoded {evaluated.benchmark}; run the workflow with "
            "its config, and if it has nothing to do, remove the folder"
        )
