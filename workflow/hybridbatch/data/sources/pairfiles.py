"""What kinds of files hold the user's own pairs. The workflow asks before any stage runs: imports
are light.
"""

from pathlib import Path

JSON = (".jsonl", ".json")
SEPARATORS = {".csv": ",", ".tsv": "\t"}
ENDINGS = (".parquet", *JSON, *SEPARATORS)
STATE = "state.json"  # of a dataset on disk; one of several splits has none


def is_dataset(path: Path) -> bool:
    """Whether a path is a folder that `datasets` wrote with `save_to_disk`."""
    return (path / STATE).is_file()
