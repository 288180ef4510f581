"""Schemas of what the report is rendered from: statistics over runs and language bias."""

from hybridbatch.schemas import FLOAT64, INT32, INT64, STRING, Schema

ESTIMATES = Schema(
    name="estimates",
    path="results/statistics/{model}.{recipe}/{benchmark}/estimates.parquet",
    fields=(
        ("system", STRING),
        ("model", STRING),
        ("recipe", STRING),
        ("sampling", STRING),
        ("alpha", FLOAT64),
        ("setting", STRING),
        ("query_language", STRING),
        ("passage_language", STRING),
        ("metric", STRING),
        ("mean", FLOAT64),
        ("sd", FLOAT64),
        ("low", FLOAT64),
        ("high", FLOAT64),
        ("seeds", INT32),
        ("queries", INT64),
        ("items", INT64),
    ),
    nullable=frozenset({"recipe", "alpha", "sd", "low", "high"}),
    key=("system", "setting", "query_language", "passage_language", "metric"),
    doc="Mean over training seeds of every setting and macro average (as in summary), its standard "
    "deviation over the seeds, and its bootstrap interval over items and seeds. A system is the "
    "runs that differ in their seed alone.",
)
COMPARISONS = Schema(
    name="comparisons",
    path="results/statistics/{model}.{recipe}/{benchmark}/comparisons.parquet",
    fields=(
        ("system_a", STRING),
        ("system_b", STRING),
        ("family", STRING),
        ("setting", STRING),
        ("query_language", STRING),
        ("passage_language", STRING),
        ("metric", STRING),
        ("difference", FLOAT64),
        ("sd", FLOAT64),
        ("low", FLOAT64),
        ("high", FLOAT64),
        ("p", FLOAT64),
        ("p_holm", FLOAT64),
        ("seeds", INT32),
        ("queries", INT64),
        ("items", INT64),
    ),
    nullable=frozenset({"sd", "low", "high"}),
    key=("system_a", "system_b", "setting", "query_language", "passage_language", "metric"),
    doc="Paired difference a minus b, its bootstrap interval, the p-value of the paired "
    "randomisation test (two-sided) and Holm's correction of it within the family. The settings "
    "of one kind are a family; their macro average is one by itself.",
)
NONINFERIORITY = Schema(
    name="noninferiority",
    path="results/statistics/{model}.{recipe}/{benchmark}/noninferiority.parquet",
    fields=(
        ("system_a", STRING),
        ("system_b", STRING),
        ("setting", STRING),
        ("metric", STRING),
        ("grouping", STRING),
        ("group", STRING),
        ("averaged", INT32),
        ("mean_a", FLOAT64),
        ("mean_b", FLOAT64),
        ("difference", FLOAT64),
        ("low", FLOAT64),
        ("high", FLOAT64),
        ("p", FLOAT64),
        ("p_holm", FLOAT64),
        ("margin", FLOAT64),
        ("p_noninferior", FLOAT64),
        ("p_noninferior_holm", FLOAT64),
        ("p_inferior", FLOAT64),
        ("p_inferior_holm", FLOAT64),
        ("verdict", STRING),
        ("seeds", INT32),
        ("queries", INT64),
        ("items", INT64),
    ),
    nullable=frozenset({"low", "high"}),
    key=("system_a", "system_b", "setting", "metric", "grouping", "group"),
    doc="Hybrid (a) against each other sampling (b), averaged over `averaged` settings. grouping "
    "is overall, language (of the query), resource (`high-low`: one language of each level; "
    "`high-all`: the pool) or training (seen, unseen). verdict: non-inferior (worse by less than "
    "the margin), inferior (worse by more) or undecided, by one-sided tests, Holm-corrected "
    "within setting, metric, pair and grouping. p is the two-sided test of no difference.",
)
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
    doc="Distribution of the rank distance over the queries of a language; `macro` is the mean "
    "over the languages of each figure.",
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
    doc="Queries whose rank distance is from low to high, both included: 0, 1, 2 to 3, 4 to 7 and "
    "so on; the same bins for every language of a file; `all` is the sum over the languages.",
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
    doc="Share of the pool's first `cutoff` ranks, of the relevant passages and of the pool that "
    "a passage language has; position is where its relevant passages stand among the relevant "
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
    doc="Friedman's test, for incomplete blocks too, that a query's relevant passages are ranked "
    "without regard to their language. concordance is Kendall's W, from 0 (no preference) to 1 "
    "(every query prefers the languages in the same order), chance its mean under no preference. "
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
    "two languages, both orders listed; `macro`, `macro` is the mean over pairs of languages.",
)

REPORT_SCHEMAS: tuple[Schema, ...] = (
    ESTIMATES,
    COMPARISONS,
    NONINFERIORITY,
    RANK_DISTANCE,
    RANK_DISTANCE_HISTOGRAM,
    EXPOSURE,
    PREFERENCE,
    FAIRNESS,
    AGREEMENT,
)
