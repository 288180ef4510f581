"""Every Parquet schema of the project, written down once.

The files are a public contract: `tables.write_table` and `tables.read_table` check each file
against its schema here, and `hybridbatch schemas` prints them as the table that the README shows.
"""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Schema:
    """One kind of file: what it is, where it lies, its columns, and which may hold nulls.

    `key` names the columns whose combination is unique in a file; large tables go without, since
    the check costs more than writing them.
    """

    name: str
    path: str
    fields: tuple[tuple[str, pa.DataType], ...]
    nullable: frozenset[str] = frozenset()
    key: tuple[str, ...] = ()
    doc: str = ""

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, columns in order, nullability included."""
        return pa.schema(
            [pa.field(name, kind, nullable=name in self.nullable) for name, kind in self.fields]
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(name for name, _ in self.fields)


STRING, INT32, INT64 = pa.string(), pa.int32(), pa.int64()
FLOAT32, FLOAT64 = pa.float32(), pa.float64()
STRINGS = pa.list_(pa.field("element", STRING, nullable=False))

# Stands for a fixed-size list of any length, of float32 or float16: a model decides the length.
VECTOR = pa.list_(pa.field("element", FLOAT32, nullable=False), 0)

QUERIES = Schema(
    name="queries",
    path="results/benchmarks/{benchmark}/queries.parquet",
    fields=(("query_id", STRING), ("item_id", STRING), ("language", STRING), ("text", STRING)),
    key=("query_id",),
    doc="The questions. query_id is `{language}:{original id}`; "
    "parallel versions of a question share an item_id.",
)
PASSAGES = Schema(
    name="passages",
    path="results/benchmarks/{benchmark}/passages.parquet",
    fields=(("passage_id", STRING), ("language", STRING), ("title", STRING), ("text", STRING)),
    key=("passage_id",),
    doc="The candidates. passage_id is `{language}:{original id}`; title may be empty. Of a "
    "sharded benchmark a folder `passages/`.",
)
QRELS = Schema(
    name="qrels",
    path="results/benchmarks/{benchmark}/qrels.parquet",
    fields=(("query_id", STRING), ("passage_id", STRING), ("relevance", INT32)),
    key=("query_id", "passage_id"),
    doc="Judgements: the relevant passages of every language; 0 is judged and not relevant.",
)
PAIRS = Schema(
    name="pairs",
    path="results/pairs/{source}.parquet",
    fields=(
        ("item_id", STRING),
        ("question_group", STRING),
        ("passage_group", STRING),
        ("language", STRING),
        ("question", STRING),
        ("passage", STRING),
        ("source", STRING),
        ("split", STRING),
        ("hard_negatives", STRINGS),
    ),
    key=("item_id", "language"),
    doc="Parallel question-passage pairs, one row per item and language; split is train, "
    "validation or test; hard_negatives are passage texts in the row's language. With mined "
    "negatives also `results/mined/{model}/{recipe}/{source}.parquet`.",
)
RUNS = Schema(
    name="runs",
    path="results/runs/{run}.parquet",
    fields=(
        ("run", STRING),
        ("model", STRING),
        ("recipe", STRING),
        ("sampling", STRING),
        ("alpha", FLOAT64),
        ("seed", INT64),
        ("training_languages", STRINGS),
        ("sources", STRINGS),
        ("training_items", INT64),
        ("training_pairs", INT64),
        ("best_step", INT32),
        ("stopping_reason", STRING),
    ),
    nullable=frozenset({"recipe", "alpha", "seed", "best_step", "stopping_reason"}),
    key=("run",),
    doc="What a run is. An untrained model has sampling `untrained` and no training languages; "
    "alpha is set for x-x-mono (1), x-y (0) and hybrid. best_step is the step whose weights were "
    "kept; stopping_reason is steps (all were made) or patience (validation stopped improving).",
)
TRAIN_LOG = Schema(
    name="train_log",
    path="results/training/{run}/train_log.parquet",
    fields=(
        ("step", INT32),
        ("event", STRING),
        ("loss", FLOAT64),
        ("learning_rate", FLOAT64),
        ("batch_type", STRING),
        ("query_languages", STRINGS),
        ("passage_languages", STRINGS),
    ),
    doc="One row per training step (event `train`) and per validation (event `validation`, "
    "batch_type monolingual, cross-lingual or all; languages empty). The language lists hold the "
    "language of each pair of the batch, in order.",
)
QUERY_EMBEDDINGS = Schema(
    name="query_embeddings",
    path="results/embeddings/{run}/{benchmark}/queries.parquet",
    fields=(("query_id", STRING), ("embedding", VECTOR)),
    key=("query_id",),
    doc="L2-normalised vectors, a fixed-size list of float32 or float16; "
    "a folder `queries/` of shards has the same schema.",
)
PASSAGE_EMBEDDINGS = Schema(
    name="passage_embeddings",
    path="results/embeddings/{run}/{benchmark}/passages.parquet",
    fields=(("passage_id", STRING), ("embedding", VECTOR)),
    key=("passage_id",),
    doc="As query_embeddings; a folder `passages/` of shards has the same schema.",
)
SHARDS = Schema(
    name="shards",
    path="results/benchmarks/{benchmark}/shards.parquet",
    fields=(("shard", STRING), ("part", STRING), ("language", STRING), ("passages", INT64)),
    key=("shard",),
    doc="The shards of a sharded benchmark. Its passages lie in "
    "`results/benchmarks/{benchmark}/passages/{part}/{shard}.parquet`, with the schema of "
    "passages.parquet; a shard is called `{part}.{language}.{number}`.",
)
INDEX_QUALITY = Schema(
    name="index_quality",
    path="results/index_quality/{run}/{benchmark}.parquet",
    fields=(
        ("language", STRING),
        ("factory", STRING),
        ("k", INT32),
        ("vectors", INT64),
        ("bytes", INT64),
        ("queries", INT64),
        ("recall", FLOAT64),
    ),
    key=("language",),
    doc="How much of the exact first k an index finds: the mean over a sample of queries of the "
    "share that scores at least as the exact k-th; exactly 1 for `Flat`, which is exact, and which "
    "too few vectors for the configured factory become. bytes is its size on disk. Of a sharded "
    "benchmark a folder with one file for each language.",
)
RANKINGS = Schema(
    name="rankings",
    path="results/rankings/{run}/{benchmark}/{passage language or all}.parquet",
    fields=(
        ("query_id", STRING),
        ("passage_language", STRING),
        ("rank", INT32),
        ("passage_id", STRING),
        ("score", FLOAT32),
    ),
    doc="The first k of each setting and, beyond k, the relevant passages at their true rank "
    "(1 is best). What an approximate index misses of the first k follows after k, in true order. "
    "Of a sharded benchmark the first k alone, and `all` where it has a pool.",
)
PER_QUERY = Schema(
    name="per_query",
    path="results/metrics/{run}/{benchmark}/per_query.parquet",
    fields=(
        ("query_id", STRING),
        ("query_language", STRING),
        ("passage_language", STRING),
        ("metric", STRING),
        ("value", FLOAT64),
    ),
    key=("query_id", "passage_language", "metric"),
    doc="One value per query, setting (a passage language, or `all`) and metric.",
)
SUMMARY = Schema(
    name="summary",
    path="results/metrics/{run}/{benchmark}/summary.parquet",
    fields=(
        ("setting", STRING),
        ("query_language", STRING),
        ("passage_language", STRING),
        ("metric", STRING),
        ("value", FLOAT64),
        ("queries", INT64),
    ),
    key=("setting", "query_language", "passage_language", "metric"),
    doc="Means over the scored queries of a setting; macro rows (query_language `macro`) are means "
    "over the settings, their `queries` the total; passage_language is then `macro`, or `all` in "
    "the multilingual setting.",
)
OVERLAP = Schema(
    name="overlap",
    path="results/overlap/{recipe}/{benchmark}.parquet",
    fields=(
        ("kind", STRING),
        ("source", STRING),
        ("item_id", STRING),
        ("language", STRING),
        ("text", STRING),
    ),
    doc="What a recipe's training pairs share with a benchmark: kind item (the same item_id), "
    "question, passage or hard_negative (a negative that the pairs give and that is a passage of "
    "the benchmark; equal text after NFKC, case folding and white-space normalisation).",
)
TIMINGS = Schema(
    name="timings",
    path="results/timings/{stage}/{job}.parquet",
    fields=(
        ("stage", STRING),
        ("job", STRING),
        ("wall_seconds", FLOAT64),
        ("cpu_seconds", FLOAT64),
        ("peak_memory_mb", FLOAT64),
        ("threads", INT32),
    ),
    key=("stage", "job"),
    doc="Time and memory of one job, measured by the wrapper of every stage command.",
)
BENCHMARK_RESULTS = Schema(
    name="benchmark_results",
    path="{exported folder}/benchmark_results.parquet",
    fields=(
        ("run", STRING),
        ("benchmark", STRING),
        ("setting", STRING),
        ("average", STRING),
        ("metric", STRING),
        ("value", FLOAT64),
        ("queries", INT64),
        ("shared_items", INT64),
        ("index", STRING),
        ("index_recall", FLOAT64),
    ),
    nullable=frozenset({"shared_items", "index", "index_recall"}),
    key=("run", "benchmark", "setting", "average", "metric"),
    doc="What `hybridbatch export` adds to a model: the macro rows of summary; average is macro or "
    "macro-published. shared_items are those that the model was trained on: figures with any do "
    "not count as a test. index is the FAISS factory (`Flat` is exact), index_recall its mean "
    "recall over the languages. The three are null where they were not looked into.",
)

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
)


def markdown(schemas: tuple[Schema, ...]) -> str:
    """Schemas as the Markdown table that the README shows."""
    lines = ["| file | columns | what it holds |", "|---|---|---|"]
    for schema in schemas:
        columns = ", ".join(f"`{name}` {_type_name(kind)}" for name, kind in schema.fields)
        lines.append(f"| `{schema.path}` | {columns} | {schema.doc} |")
    return "\n".join(lines)


def _type_name(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_type_name(kind.value_type)}"
    if pa.types.is_fixed_size_list(kind):
        return "fixed-size list of float32 or float16"
    return {"double": "float64", "float": "float32"}.get(str(kind), str(kind))
