"""The formats of the user's own pairs.

The workflow imports this before any stage runs, so the module imports no large library.
"""

from pathlib import Path

JSON = (".jsonl", ".json")
SEPARATORS = {".csv": ",", ".tsv": "\t"}
ENDINGS = (".parquet", *JSON, *SEPARATORS)
STATE = "state.json"  # a Dataset's folder has it, a DatasetDict's does not


def is_dataset(path: Path) -> bool:
    """Whether a path is a folder that `datasets` wrote with `save_to_disk`."""
    return (path / STATE).is_file()
