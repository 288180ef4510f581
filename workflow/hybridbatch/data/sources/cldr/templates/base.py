"""What a language's module of templates holds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Templates:
    """The wordings of one relation in one language, at least three of each.

    A question has the placeholder `{entity}` alone; a passage has `{entity}` and `{value}`.
    """

    questions: tuple[str, ...]
    passages: tuple[str, ...]
