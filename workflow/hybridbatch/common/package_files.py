"""Finds files of the package that are not Python, however the package is installed."""

from importlib.resources import files
from pathlib import Path


def package_file(path: str) -> Path:
    """A file or folder of the package, by its path there, such as `resources/raw_files.tsv`.

    A module whose results depend on such files names them in `PACKAGE_DATA`, a tuple of patterns
    for paths in the package: the code hash of a stage covers them (`codehash`).
    """
    return Path(str(files("hybridbatch").joinpath(path)))
