"""Schemas of what the report shows of single queries and of the embedding space."""

import pyarrow as pa

from hybridbatch.schemas import FLOAT32, FLOAT64, INT32, INT64, STRING, Schema

RANKS = pa.list_(pa.field("element", INT32, nullable=False))

EXAMPLES = Schema(
    name="examples",
    path="results/examples/{model}.{recipe}/{benchmark}.parquet",
    fields=(
        ("number", INT32),
        ("rule", STRING),
        ("query_id", STRING),
        ("item_id", STRING),
        ("query_language", STRING),
        ("query", STRING),
        ("candidate", STRING),
        ("baseline", STRING),
        ("change", FLOAT64),
        ("run", STRING),
        ("average_precision", FLOAT64),
        ("relevant_ranks", RANKS),
        ("rank", INT32),
        ("passage_id", STRING),
        ("passage_language", STRING),
        ("relevance", INT32),
        ("score", FLOAT32),
        ("title", STRING),
        ("passage", STRING),
    ),
    nullable=frozenset({"candidate", "baseline", "change"}),
    key=("query_id", "run", "rank"),
    doc="Queries chosen by a rule (gain, loss, random), numbered in order, with the first ranks of "
    "the pool under each run. change is the average precision under the run `candidate` minus "
    "that under `baseline`; null where no two runs are compared. relevant_ranks are those of all "
    "the query's relevant passages that are ranked, from the full ranking.",
)
PROJECTION = Schema(
    name="projection",
    path="results/projection/{model}.{recipe}/{benchmark}/points.parquet",
    fields=(
        ("run", STRING),
        ("kind", STRING),
        ("language", STRING),
        ("item_id", STRING),
        ("id", STRING),
        ("x", FLOAT32),
        ("y", FLOAT32),
    ),
    key=("run", "kind", "id"),
    doc="A sample of queries and relevant passages (kind query or passage, id that of either) on "
    "the plane in which the centroids of the languages lie farthest apart under a run, fitted to "
    "other items; in units of the root mean square distance from the mean.",
)
PROJECTION_SUMMARY = Schema(
    name="projection_summary",
    path="results/projection/{model}.{recipe}/{benchmark}/summary.parquet",
    fields=(
        ("run", STRING),
        ("kind", STRING),
        ("vectors", INT64),
        ("languages", INT32),
        ("x_share", FLOAT64),
        ("y_share", FLOAT64),
        ("language_share", FLOAT64),
        ("item_share", FLOAT64),
        ("accuracy", FLOAT64),
        ("chance", FLOAT64),
    ),
    key=("run", "kind"),
    doc="x_share and y_share: of the variance of the points, queries and passages together, the "
    "part on each axis. In all dimensions, for each kind: the share of the variance between "
    "languages and between items, and how often the nearest language centroid, of other items, is "
    "that of the vector's own language; chance is one over the number of languages.",
)

VIEW_SCHEMAS: tuple[Schema, ...] = (EXAMPLES, PROJECTION, PROJECTION_SUMMARY)
