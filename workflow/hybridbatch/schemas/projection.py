"""The schemas of the embedding space in two dimensions."""

from hybridbatch.schemas.schema import FLOAT32, FLOAT64, INT32, INT64, STRING, Schema

PROJECTION = Schema(
    name="projection",
    path="results/projection/{group}/{benchmark}/points.parquet",
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
    doc="A sample of queries and relevant passages on the plane in which the language centroids of "
    "a run lie farthest apart, fitted to other items. kind is query or passage, id the query_id or "
    "passage_id. The unit is the root mean square distance from the mean.",
)
PROJECTION_SUMMARY = Schema(
    name="projection_summary",
    path="results/projection/{group}/{benchmark}/summary.parquet",
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
    doc="x_share and y_share are the shares of the variance on each axis, for queries and passages "
    "together. The other figures are in all dimensions and for each kind: language_share and "
    "item_share are the shares of the variance between languages and between items. accuracy is "
    "how often the nearest language centroid, of other items, is of the vector's own language; "
    "chance is one over the number of languages.",
)
