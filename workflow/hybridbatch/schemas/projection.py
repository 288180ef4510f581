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
    doc="A sample of queries and relevant passages (kind query or passage, id that of either) on "
    "the plane in which the centroids of the languages lie farthest apart under a run, fitted to "
    "other items; in units of the root mean square distance from the mean.",
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
    doc="x_share and y_share: of the variance of the points, queries and passages together, the "
    "part on each axis. In all dimensions, for each kind: the share of the variance between "
    "languages and between items, and how often the nearest language centroid, of other items, is "
    "that of the vector's own language; chance is one over the number of languages.",
)
