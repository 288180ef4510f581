"""All schemas together, for the command `schemas` and for tests; no stage imports this."""

from hybridbatch.schemas.benchmark_results import BENCHMARK_RESULTS
from hybridbatch.schemas.bias import (
    AGREEMENT,
    EXPOSURE,
    FAIRNESS,
    PREFERENCE,
    RANK_DISTANCE,
    RANK_DISTANCE_HISTOGRAM,
)
from hybridbatch.schemas.examples import EXAMPLES
from hybridbatch.schemas.index_quality import INDEX_QUALITY
from hybridbatch.schemas.overlap import OVERLAP
from hybridbatch.schemas.pairs import PAIRS
from hybridbatch.schemas.passage_embeddings import PASSAGE_EMBEDDINGS
from hybridbatch.schemas.passages import PASSAGES
from hybridbatch.schemas.per_query import PER_QUERY
from hybridbatch.schemas.projection import PROJECTION, PROJECTION_SUMMARY
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES
from hybridbatch.schemas.query_embeddings import QUERY_EMBEDDINGS
from hybridbatch.schemas.rankings import RANKINGS
from hybridbatch.schemas.runs import RUNS
from hybridbatch.schemas.schema import Schema
from hybridbatch.schemas.shards import SHARDS
from hybridbatch.schemas.statistics import COMPARISONS, ESTIMATES, NONINFERIORITY
from hybridbatch.schemas.summary import SUMMARY
from hybridbatch.schemas.timings import TIMINGS
from hybridbatch.schemas.train_log import TRAIN_LOG

ALL: tuple[Schema, ...] = (
    QUERIES,
    PASSAGES,
    QRELS,
    SHARDS,
    PAIRS,
    RUNS,
    TRAIN_LOG,
    QUERY_EMBEDDINGS,
    PASSAGE_EMBEDDINGS,
    INDEX_QUALITY,
    RANKINGS,
    PER_QUERY,
    SUMMARY,
    OVERLAP,
    TIMINGS,
    BENCHMARK_RESULTS,
    ESTIMATES,
    COMPARISONS,
    NONINFERIORITY,
    RANK_DISTANCE,
    RANK_DISTANCE_HISTOGRAM,
    EXPOSURE,
    PREFERENCE,
    FAIRNESS,
    AGREEMENT,
    EXAMPLES,
    PROJECTION,
    PROJECTION_SUMMARY,
)
