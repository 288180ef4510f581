"""The README beside an exported index: how to load its vectors and texts into search engines."""

PAGE = """# The passages of {benchmark}

`{index}` holds the vectors of {count} passages, of {dimension} dimensions and length 1, as an exact
FAISS index over inner products. `{texts}` holds their ids, languages, titles and texts, in the same
order, with the licence of {benchmark}. The README of the model, two folders up, searches the index
with FAISS and with sentence-transformers.

## Read

These lines are run by the tests of hybridbatch, which wrote this folder. Those of the engines below
begin with what they read.

```python
import faiss
import pyarrow.parquet as pq
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("../..")
index = faiss.read_index("{index}")
vectors = index.reconstruct_n(0, index.ntotal)
passages = pq.read_table("{texts}").to_pylist()
question = model.encode("...", prompt_name="query")
```

The following were written from the documentation of the engines and **not run against a server**.
Each loads all passages and prints the first 10 for the question. A score is the inner product where
nothing else is said. An engine with an approximate index may miss a passage. To search one language
alone, filter by the field `language`.

## Qdrant

With `pip install qdrant-client`; `QdrantClient(":memory:")` needs no server.

```python
from qdrant_client import QdrantClient, models

client = QdrantClient("http://localhost:6333")
client.create_collection(
    "passages",
    vectors_config=models.VectorParams(size=vectors.shape[1], distance=models.Distance.DOT),
)
client.upload_collection("passages", vectors=vectors, payload=passages)
found = client.query_points("passages", query=question.tolist(), limit=10)
for point in found.points:
    print(f"{{point.score:.4f}}", point.payload["passage_id"], point.payload["text"])
```

## Elasticsearch

With `pip install elasticsearch`, for version 8 or newer. Its score is (1 + inner product) / 2.

```python
from elasticsearch import Elasticsearch, helpers

client = Elasticsearch("http://localhost:9200")
fields = {{
    "passage_id": {{"type": "keyword"}},
    "language": {{"type": "keyword"}},
    "title": {{"type": "text"}},
    "text": {{"type": "text"}},
    "vector": {{"type": "dense_vector", "dims": vectors.shape[1], "similarity": "cosine"}},
}}
client.indices.create(index="passages", mappings={{"properties": fields}})
helpers.bulk(
    client,
    (
        {{"_index": "passages", "_id": passage["passage_id"], **passage, "vector": vector.tolist()}}
        for passage, vector in zip(passages, vectors)
    ),
    refresh=True,
)
nearest = {{"field": "vector", "query_vector": question.tolist(), "k": 10, "num_candidates": 100}}
found = client.search(index="passages", knn=nearest, size=10)
for hit in found["hits"]["hits"]:
    print(f"{{hit['_score']:.4f}}", hit["_source"]["passage_id"], hit["_source"]["text"])
```

## Vespa

With `pip install pyvespa`. The schema `passage.sd` of the application:

```
schema passage {{
    document passage {{
        field passage_id type string {{ indexing: summary | attribute }}
        field language type string {{ indexing: summary | attribute }}
        field title type string {{ indexing: summary | index }}
        field text type string {{ indexing: summary | index }}
        field vector type tensor<float>(x[{dimension}]) {{
            indexing: attribute | index
            attribute {{ distance-metric: angular }}
        }}
    }}
    rank-profile nearest {{
        inputs {{ query(question) tensor<float>(x[{dimension}]) }}
        first-phase {{ expression: cos(distance(field, vector)) }}
    }}
}}
```

```python
from vespa.application import Vespa

app = Vespa("http://localhost", port=8080)
app.feed_iterable(
    (
        {{"id": str(row), "fields": {{**passage, "vector": vector.tolist()}}}}
        for row, (passage, vector) in enumerate(zip(passages, vectors))
    ),
    schema="passage",
    callback=lambda response, row: response.is_successful() or print(row, response.json),
)
found = app.query(
    body={{
        "yql": "select * from passage where {{targetHits: 10}}nearestNeighbor(vector, question)",
        "ranking": "nearest",
        "input.query(question)": question.tolist(),
        "hits": 10,
    }}
)
for hit in found.hits:
    print(f"{{hit['relevance']:.4f}}", hit["fields"]["passage_id"], hit["fields"]["text"])
```

## LangChain

With `pip install langchain-community`. The vectors are not computed again.

```python
from langchain_community.vectorstores import FAISS
from langchain_community.vectorstores.utils import DistanceStrategy
from langchain_core.embeddings import Embeddings


class Encoder(Embeddings):
    def embed_documents(self, texts):
        return model.encode(texts, prompt_name="document").tolist()

    def embed_query(self, text):
        return model.encode(text, prompt_name="query").tolist()


store = FAISS.from_embeddings(
    zip((passage["text"] for passage in passages), vectors.tolist()),
    Encoder(),
    metadatas=passages,
    distance_strategy=DistanceStrategy.MAX_INNER_PRODUCT,
)
for document, score in store.similarity_search_with_score("...", k=10):
    print(f"{{score:.4f}}", document.metadata["passage_id"], document.page_content)
```
"""


def index_page(*, benchmark: str, count: int, dimension: int, index: str, texts: str) -> str:
    """The README of the folder of an index.

    Args:
        benchmark: whose passages they are.
        count: how many.
        dimension: of their vectors.
        index: the name of the FAISS file.
        texts: the name of the file of passages.
    """
    return PAGE.format(
        benchmark=benchmark, count=f"{count:,}", dimension=dimension, index=index, texts=texts
    )
