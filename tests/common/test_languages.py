"""Names of languages are CLDR's, and a code has two or three small letters."""

import pytest

from hybridbatch.common.languages import english_name, is_code


@pytest.mark.parametrize(
    ("code", "name"),
    [("de", "German"), ("sw", "Swahili"), ("zh-Hans", "Simplified Chinese"), ("xx", None)],
)
def test_a_code_has_the_name_that_cldr_gives_it(code: str, name: str | None) -> None:
    assert english_name(code) == name


def test_a_name_is_not_taken_for_a_code() -> None:
    assert is_code("fil") and is_code("de")
    assert not any(map(is_code, ("German", "DE", "d", "zh-Hans", "de.json")))
