"""The path of every artifact, relative to the working folder, with the wildcards of the rules.

The rules, the chain of digests and the report take the paths from here. The schema of a table holds
the path of its file.
"""

from hybridbatch.common.vocabulary import POOL
from hybridbatch.schemas import (
    bias,
    examples,
    index_quality,
    overlap,
    pairs,
    passage_embeddings,
    passages,
    per_query,
    projection,
    qrels,
    queries,
    query_embeddings,
    rankings,
    runs,
    shards,
    statistics,
    summary,
    train_log,
)

RESULTS = "results"

# Data.
RAW = f"{RESULTS}/raw"
QUERIES = queries.QUERIES.path
PASSAGES = passages.PASSAGES.path
QRELS = qrels.QRELS.path
PART = f"{RESULTS}/benchmarks/{{benchmark}}/passages/{{part}}"
SHARDS = shards.SHARDS.path
PAIRS = pairs.PAIRS.path
MINED = f"{RESULTS}/mined/{{model}}/{{recipe}}/{{source}}.parquet"
OVERLAP = overlap.OVERLAP.path

# Models.
MODEL = f"{RESULTS}/models/{{model}}"
RUN = runs.RUNS.path
TRAINED = f"{RESULTS}/training/{{run}}/model"
TRAIN_LOG = train_log.TRAIN_LOG.path
TRAINING_STATE = f"{RESULTS}/training_state/{{run}}"
CHECKPOINT = f"{RESULTS}/checkpoints/{{run}}"

# One run on one benchmark. A shard is called {part}.{language}.{number}.
SHARD = "{part}.{language}.{number}"
QUERY_VECTORS = query_embeddings.QUERY_EMBEDDINGS.path
PASSAGE_VECTORS = passage_embeddings.PASSAGE_EMBEDDINGS.path
SHARD_VECTORS = f"{RESULTS}/embeddings/{{run}}/{{benchmark}}/passages/{SHARD}.parquet"
INDEXES = f"{RESULTS}/indexes/{{run}}/{{benchmark}}"
SHARD_INDEX = f"{INDEXES}/{SHARD}.faiss"
SHARD_INDEX_RECORD = f"{SHARD_INDEX}.json"
RANKING = rankings.RANKINGS.path
RANKINGS = RANKING.rpartition("/")[0]
POOL_RANKING = f"{RANKINGS}/{POOL}.parquet"
INDEX_QUALITY = index_quality.INDEX_QUALITY.path
LANGUAGE_INDEX_QUALITY = f"{RESULTS}/index_quality/{{run}}/{{benchmark}}/{{language}}.parquet"
PER_QUERY = per_query.PER_QUERY.path
SUMMARY = summary.SUMMARY.path
BIAS = bias.RANK_DISTANCE.path.rpartition("/")[0]

# All runs of a group, {model}.{recipe}, on one benchmark.
ESTIMATES = statistics.ESTIMATES.path
COMPARISONS = statistics.COMPARISONS.path
NONINFERIORITY = statistics.NONINFERIORITY.path
EXAMPLES = examples.EXAMPLES.path
PROJECTION = projection.PROJECTION.path
PROJECTION_SUMMARY = projection.PROJECTION_SUMMARY.path

REPORT = f"{RESULTS}/report.html"


def shard_wildcards(name: str) -> dict[str, str]:
    """The wildcards of SHARD, from the name of a shard."""
    return dict(zip(("part", "language", "number"), name.split("."), strict=True))
