"""How to cite this page: the project as it was run, the method, the data sets."""

from collections.abc import Iterable

from hybridbatch.data.sources.catalog import DATASETS

_METHOD = """@misc{elmahdy2024synergistic,
  title  = {Synergistic Approach for Simultaneous Optimization of Monolingual, Cross-lingual,
            and Multilingual Information Retrieval},
  author = {Elmahdy, Adel and Lin, Sheng-Chieh and Ahmad, Amin},
  year   = {2024},
  note   = {arXiv 2408.10536}
}

@inproceedings{roy2020lareqa,
  title     = {{LAReQA}: Language-agnostic Answer Retrieval from a Multilingual Pool},
  author    = {Roy, Uma and Constant, Noah and Al-Rfou, Rami and Barua, Aditya
               and Phillips, Aaron and Yang, Yinfei},
  booktitle = {Proceedings of EMNLP 2020},
  year      = {2020},
  note      = {arXiv 2004.05484}
}"""


def bibtex(*, version: str, commit: str) -> str:
    """BibTeX entries of the project and of the method."""
    software = "\n".join(
        (
            "@software{hybridbatch,",
            "  title   = {hybridbatch: hybrid batch training of a multilingual retriever},",
            f"  version = {{{version}}},",
            f"  note    = {{git commit {commit}}}",
            "}",
        )
    )
    return f"{software}\n\n{_METHOD}"


def data_citations(names: Iterable[str]) -> tuple[tuple[str, str, str], ...]:
    """(name, citation, licence) of each data set in use, each once."""
    known = {entry.name: entry for entry in DATASETS}
    return tuple(
        (name, known[name].citation, known[name].licence)
        if name in known
        else (name, "the user's own data", "not known")
        for name in dict.fromkeys(names)
    )
