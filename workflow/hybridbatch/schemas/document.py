"""The command `schemas`: every file of the project as Markdown, which is the page docs/files.md."""

import argparse

from hybridbatch.schemas.every import ALL
from hybridbatch.schemas.schema import Schema

_INTRODUCTION = """\
# The files

`hybridbatch schemas` prints this page from `workflow/hybridbatch/schemas/`; a test compares the
two. After a change of a schema write it again: `hybridbatch schemas > docs/files.md`.

The Parquet files are a public contract: each is checked against its schema when it is written and
when it is read. There are also checkpoints (`results/checkpoints/{run}/`, Hugging Face folders with
safetensors), FAISS indexes (`results/indexes/`) and the page `results/report.html`.

Names in braces stand for:

| name | what it is |
|---|---|
| `{benchmark}`, `{source}` | the `name` of a benchmark or of a training source in the config |
| `{model}`, `{recipe}` | the `model_name` and the `recipe` of the config |
| `{group}` | `{model}.{recipe}` |
| `{language}` | a passage language, or `all` for the pool of all languages |
| `{run}` | `{model}.{recipe}.{sampling}.s{seed}`, and `{model}.untrained` for the untrained model |

A column holds no nulls unless its type says so. No two rows of a file have the same *key*."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command has no options of its own."""


def run(args: argparse.Namespace) -> None:
    """Print the page."""
    print(page(ALL))


def page(schemas: tuple[Schema, ...]) -> str:
    """The page: what the names mean, a list of the schemas, and a section for each."""
    rows = [f"| [{schema.name}](#{schema.name}) | `{schema.path}` |" for schema in schemas]
    listed = "\n".join(["| schema | file |", "|---|---|", *rows])
    return "\n\n".join([_INTRODUCTION, listed, *map(_section, schemas)])


def _section(schema: Schema) -> str:
    rows = [
        f"| `{name}` | {kind}{', or null' if name in schema.nullable else ''} |"
        for name, kind in schema.fields
    ]
    parts = [f"## {schema.name}", f"`{schema.path}`", schema.doc]
    if schema.key:
        parts.append(f"Key: {', '.join(f'`{name}`' for name in schema.key)}.")
    return "\n\n".join([*parts, "\n".join(["| column | type |", "|---|---|", *rows])])
