"""Question and passage templates of the embedded data set, a YAML file per language.

Names and values stand in the nominative, in quotation marks or after a generic noun ("the place",
"the currency"), so that no language has to inflect them. "Country" is used for every entry of
ISO 3166, dependent territories included. The wordings of a relation are only rough
translations of each other, and a question shares few words with the passage that answers it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import yaml

from hybridbatch.common.package_files import package_file

PACKAGE_DATA = ("data/sources/cldr/templates/*.yaml",)
_FOLDER = "data/sources/cldr/templates"
# If PyYAML has its C parser, reading the eleven files takes a tenth of the time.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Wordings:
    """The wordings of one relation in one language, at least three of each.

    A question has only the placeholder `{entity}`; a passage has `{entity}` and `{value}`.
    """

    questions: tuple[str, ...]
    passages: tuple[str, ...]


@dataclass(frozen=True)
class Templates:
    """A language's templates.

    Attributes:
        relations: relation -> its wordings.
        cross_references: sentences that point from one entry to another, appended to a passage;
            their placeholder is `{other}`.
    """

    relations: Mapping[str, Wordings]
    cross_references: tuple[str, ...]


@cache
def templates(language: str) -> Templates:
    """The templates of one of the data set's languages, by its code; a file is read once."""
    file = package_file(f"{_FOLDER}/{language}.yaml")
    content = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)
    relations = {
        relation: Wordings(tuple(wordings["questions"]), tuple(wordings["passages"]))
        for relation, wordings in content["relations"].items()
    }
    return Templates(MappingProxyType(relations), tuple(content["cross_references"]))
