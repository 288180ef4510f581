"""A language has one code, in the configuration and in every file; codes and names are CLDR's."""

import babel
import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from hybridbatch.common import language_table
from hybridbatch.common.languages import (
    PACKAGE_DATA,
    among,
    canonical,
    english_name,
    is_code,
    refusal,
)
from hybridbatch.common.package_files import package_file


def test_the_packaged_list_is_babels() -> None:
    assert package_file(PACKAGE_DATA[0]).read_text(encoding="utf-8") == language_table.text()


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("de", "German"),
        ("sw", "Swahili"),
        ("no", "Norwegian"),
        ("nb", "Norwegian Bokmål"),
        ("zh-Hans", "Simplified Chinese"),
        ("pt-BR", "Brazilian Portuguese"),
        ("es-419", "Latin American Spanish"),
        ("sr-Latn", "Serbian (Latin)"),
        ("ca-valencia", "Catalan (Valencian)"),
        ("en-x-switched", "English (switched)"),
        ("xx", None),
        ("quy", None),  # Ayacucho Quechua: CLDR knows the code and has no name
        ("qaa", None),
    ],
)
def test_a_code_has_the_name_that_cldr_gives_it(code: str, name: str | None) -> None:
    assert english_name(code) == name


@pytest.mark.parametrize("code", ["sr_Latn", "az_Cyrl", "de_IT", "ha_NE"])
def test_the_parts_of_a_name_are_those_of_babel(code: str) -> None:
    assert english_name(code.replace("_", "-")) == Locale.parse(code).get_display_name("en")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("iw", "he"),  # codes that ISO 639 has replaced
        ("in", "id"),
        ("ji", "yi"),
        ("mo", "ro"),
        ("tl", "fil"),
        ("deu", "de"),  # three letters where there are two
        ("ger", "de"),
        ("nob", "nb"),
        ("nor", "no"),
        ("cmn", "zh"),  # the main language of a macro-language
        ("arb", "ar"),
        ("swh", "sw"),
        ("sh", "sr-Latn"),
        ("zh-CN", "zh-Hans"),  # Chinese: the script, not the region
        ("zh_TW", "zh-Hant"),
        ("zh-HK", "zh-Hant-HK"),
        ("zh-SG", "zh-Hans-SG"),
        ("zh-Hans-CN", "zh-Hans"),
        ("zho_Hans", "zh-Hans"),  # FLORES-200 names languages so
        ("deu_Latn", "de"),
        ("srp_Cyrl", "sr"),
        ("quy_Latn", "quy"),
        ("ace_Arab", "ace-Arab"),
        ("PT-br", "pt-BR"),  # case and separators
        ("de-DD", "de-DE"),
    ],
)
def test_other_codes_of_a_language_become_its_one_code(text: str, code: str) -> None:
    assert canonical(text) == code
    assert is_code(code) and not is_code(text)


@pytest.mark.parametrize(
    "code", ["zh", "zh-Hans", "zh-Hant", "pt", "pt-BR", "no", "nb", "nn", "en-US", "yue"]
)
def test_codes_that_mean_different_things_stay_different(code: str) -> None:
    assert canonical(code) == code


def test_every_code_that_babel_names_is_a_code_or_stands_for_one() -> None:
    codes = [code.replace("_", "-") for code in Locale("en").languages]
    assert len(codes) > 600
    assert all(is_code(canonical(code) or "") for code in codes)
    assert all(
        canonical(code) for code in babel.localedata.locale_identifiers() if "POSIX" not in code
    )


def test_a_name_is_not_taken_for_a_code() -> None:
    assert all(map(is_code, ("fil", "de", "zh-Hans", "qaa", "en-x-switched")))
    assert not any(
        map(is_code, ("German", "DE", "d", "zh-hans", "de.json", "all", "macro", "xx", ""))
    )


@given(st.text(st.sampled_from("abdehnrstxzAHKT-_0149"), max_size=12))
def test_a_code_is_its_own_code(text: str) -> None:
    code = canonical(text)
    assert code is None or canonical(code) == code


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (
            "German",
            "'German' is not a language code; write one such as de or zh-Hans",
        ),
        ("Chinnese", "did you mean `zh` (Chinese)?"),
        ("xx", "unknown language 'xx'; write the code that CLDR has for it"),
        ("xx", "or one of qaa to qtz for a language without a code"),
        (
            False,
            'YAML reads no without quotation marks as false; write "no" in quotation',
        ),
        (True, 'YAML reads yes without quotation marks as true; write "yes"'),
    ],
)
def test_what_is_no_code_is_refused_with_a_remedy(value: object, line: str) -> None:
    assert line in refusal(value)


def test_another_code_of_the_same_language_is_suggested() -> None:
    assert among("zh-Hans", ["de", "zh"]) == "; did you mean `zh`?"
    assert among("no", ["nn", "nb"]) == "; did you mean `nb`?"
    assert among("fr", ["de", "zh"]) == ""
