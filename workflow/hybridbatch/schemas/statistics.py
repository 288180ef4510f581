"""The schemas of the statistics over the runs of a benchmark."""

from hybridbatch.schemas.schema import FLOAT64, INT32, INT64, STRING, Schema

ESTIMATES = Schema(
    name="estimates",
    path="results/statistics/{group}/{benchmark}/estimates.parquet",
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
    "deviation over the seeds, and its bootstrap interval over items and seeds. A system is a set "
    "of runs that differ only in their seed.",
)
COMPARISONS = Schema(
    name="comparisons",
    path="results/statistics/{group}/{benchmark}/comparisons.parquet",
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
    "of one kind are a family for each pair of systems; the macro averages of a metric are one "
    "family, over all kinds and pairs.",
)
NONINFERIORITY = Schema(
    name="noninferiority",
    path="results/statistics/{group}/{benchmark}/noninferiority.parquet",
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
        ("low_a", FLOAT64),
        ("high_a", FLOAT64),
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
    nullable=frozenset({"low", "high", "low_a", "high_a"}),
    key=("system_a", "system_b", "setting", "metric", "grouping", "group"),
    doc="Hybrid (a) against each other sampling (b), averaged over `averaged` settings. grouping "
    "is overall, language (of the query), resource (`high-low`: one language of each level; "
    "`high-all`: the pool) or training (seen, unseen). verdict: non-inferior (worse by less than "
    "the margin), inferior (worse by more) or undecided, by one-sided tests, Holm-corrected "
    "within metric, pair and grouping, over all settings (languages: in each setting). p is the "
    "two-sided test of no difference. low_a and high_a are the interval of mean_a.",
)
