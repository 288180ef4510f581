"""The schemas of the measures of language bias."""

from hybridbatch.schemas.schema import FLOAT64, INT32, INT64, STRING, Schema

RANK_DISTANCE = Schema(
    name="rank_distance",
    path="results/bias/{run}/{benchmark}/rank_distance.parquet",
    fields=(
        ("query_language", STRING),
        ("mean", FLOAT64),
        ("minimum", FLOAT64),
        ("lower_quartile", FLOAT64),
        ("median", FLOAT64),
        ("upper_quartile", FLOAT64),
        ("maximum", FLOAT64),
        ("queries", INT64),
    ),
    key=("query_language",),
    doc="Distribution of the rank distance over the queries of a language; `macro` is the mean of "
    "each figure over the languages.",
)
RANK_DISTANCE_HISTOGRAM = Schema(
    name="rank_distance_histogram",
    path="results/bias/{run}/{benchmark}/rank_distance_histogram.parquet",
    fields=(
        ("query_language", STRING),
        ("low", INT64),
        ("high", INT64),
        ("queries", INT64),
    ),
    key=("query_language", "low"),
    doc="Number of queries whose rank distance is from low to high, both included: 0, 1, 2 to 3, 4 "
    "to 7 and so on. All languages of a file have the same bins; `all` is the sum over them.",
)
EXPOSURE = Schema(
    name="exposure",
    path="results/bias/{run}/{benchmark}/exposure.parquet",
    fields=(
        ("query_language", STRING),
        ("passage_language", STRING),
        ("cutoff", INT32),
        ("top_share", FLOAT64),
        ("relevant_share", FLOAT64),
        ("pool_share", FLOAT64),
        ("position", FLOAT64),
        ("queries", INT64),
    ),
    nullable=frozenset({"position"}),
    key=("query_language", "passage_language"),
    doc="The share of a passage language in the pool's first `cutoff` ranks, in the relevant "
    "passages and in the pool. position is the place of its relevant passages among all relevant "
    "ones, from 0 (always first) to 1 (always last), .5 without bias. `macro` is the mean over "
    "query languages.",
)
PREFERENCE = Schema(
    name="preference",
    path="results/bias/{run}/{benchmark}/preference.parquet",
    fields=(
        ("query_language", STRING),
        ("passage_language", STRING),
        ("preference", FLOAT64),
        ("queries", INT64),
    ),
    key=("query_language", "passage_language"),
    doc="How often a relevant passage of the query's language outranks an equally relevant one of "
    "passage_language (`all`: of any other); .5 is no preference. `macro` is the mean over query "
    "languages.",
)
FAIRNESS = Schema(
    name="fairness",
    path="results/bias/{run}/{benchmark}/fairness.parquet",
    fields=(
        ("query_language", STRING),
        ("languages", INT32),
        ("blocks", INT64),
        ("statistic", FLOAT64),
        ("degrees", INT32),
        ("p", FLOAT64),
        ("p_holm", FLOAT64),
        ("concordance", FLOAT64),
        ("chance", FLOAT64),
    ),
    key=("query_language",),
    doc="Friedman's test, also for incomplete blocks, that a query's relevant passages are ranked "
    "without regard to their language. concordance is Kendall's W, from 0 (no preference) to 1 "
    "(every query prefers the languages in the same order), chance its mean without preference. "
    "`all`: one block per item, ranks averaged over the query languages.",
)
AGREEMENT = Schema(
    name="agreement",
    path="results/bias/{run}/{benchmark}/agreement.parquet",
    fields=(
        ("language_a", STRING),
        ("language_b", STRING),
        ("overlap", FLOAT64),
        ("items", INT64),
    ),
    key=("language_a", "language_b"),
    doc="Mean rank-biased overlap of the pool's first ranks between the versions of a question in "
    "two languages. Both orders are listed; `macro`, `macro` is the mean over pairs of languages.",
)
