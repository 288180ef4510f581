"""Checks `--configfile` and `--config` before Snakemake reads them, which is before the Snakefile.

Snakemake reports a missing file with a traceback, and a mistake in a file without its line.
`profiles/default`, which Snakemake always loads first, calls this.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.planning.config_files import read_arguments, read_file

_FILES = ("--configfile", "--configfiles")
_ENTRIES = ("--config", "-C")
# What Snakemake accepts as a key of `--config`.
_KEY = re.compile(r"[a-zA-Z_][\w-]*\w")


def check_command_line(words: Sequence[str]) -> None:
    """End the program with one line if a configuration that these words name cannot be read."""
    try:
        for file in _values(words, _FILES):
            read_file(Path(file), [])  # the Snakefile names keys that are there twice
        entries = list(_values(words, _ENTRIES))
        read_arguments(entries, repeated=[])
        for entry in entries:
            _check_entry(entry)
    except HybridBatchError as error:
        sys.exit(f"hybridbatch: error: {error}")


def _check_entry(entry: str) -> None:
    key, _, value = entry.partition("=")
    if not _KEY.fullmatch(key):
        raise HybridBatchError(f"--config: {key!r} is not a key; write recipe=mine")
    if value and _reads_as_nothing(value):
        raise HybridBatchError(
            f"--config: {key}: {value!r} is a comment in YAML; put it in quotation marks"
        )


def _reads_as_nothing(value: str) -> bool:
    try:
        return yaml.compose(value, Loader=yaml.SafeLoader) is None
    except yaml.YAMLError:
        return False


def _values(words: Sequence[str], options: Sequence[str]) -> Iterator[str]:
    """The values of an option, as argparse takes them: all words up to the next option."""
    taking = False
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            return
        if word.startswith("-"):
            taking = name in options
            if taking and equals:
                yield value
        elif taking:
            yield word
