"""A benchmark from the user's own data, of any format."""

from pathlib import Path

from hybridbatch.data.readers.converting import RetrievalSet, set_of_pairs
from hybridbatch.data.readers.layouts import find_layout
from hybridbatch.data.readers.pairtables import read_own_pairs
from hybridbatch.data.readers.reading import AS_IT_IS, Reading
from hybridbatch.data.readers.retrievalsets import read_sets


def read_own_set(path: Path, *, reading: Reading = AS_IT_IS) -> RetrievalSet:
    """The checked retrieval set of a file or folder in one of `reading.FORMATS`.

    Of pairs, each question is a query, and the passages of its question group in every language are
    relevant (see `converting.set_of_pairs`).

    Raises:
        HybridBatchError: the data are missing, damaged, or break a rule; all of it at once.
    """
    layout = find_layout(path, format=reading.format, split=reading.split)
    if layout.sets:
        return read_sets(layout, reading, origin=str(path))
    return set_of_pairs(read_own_pairs(path, source=path.name, reading=reading))
