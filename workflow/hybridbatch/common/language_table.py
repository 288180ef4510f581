"""Makes `resources/languages.tsv`, the codes and names of CLDR, from Babel.

Snakemake may run in an interpreter without Babel, so `languages` reads this list instead. A test
compares the two. `python -m hybridbatch.common.language_table` prints the list.
"""

import sys
from collections.abc import Iterator, Mapping

HEADER = """\
# Codes and English names of CLDR, as Babel packages them (Unicode License v3, (c) Unicode, Inc.).
# Written by `python -m hybridbatch.common.language_table`; a test compares it with Babel.
"""
COLUMNS = ("kind", "code", "name", "script")
# Chinese is the language whose regions stand for a script, and which CLDR names with both scripts.
_BY_REGION = "zh"


def rows() -> Iterator[tuple[str, str, str, str]]:
    """The rows of the list: the kind, the code, its English name or what it stands for, its script.

    The kinds are `language`, `script`, `region`, `variant`, `alias` and `region-alias`. A language
    has a script: the one that its code alone means. The languages that CLDR knows and does not
    name, most of ISO 639-3, are rows of the kind `unnamed`: the codes of each script.
    """
    from babel import Locale
    from babel.core import get_global

    english, likely = Locale("en"), get_global("likely_subtags")
    aliases, regions = get_global("language_aliases"), get_global("territory_aliases")
    for code, name in sorted(english.languages.items()):
        # Babel has no entry for a deprecated code of its own, such as `iw`, but may name it.
        if code not in aliases:
            script = likely.get(code, "").split("_")[1:2]
            yield "language", _hyphened(code), str(name), "".join(script)
    yield from (
        ("unnamed", "", " ".join(codes), script)
        for script, codes in sorted(_unnamed(likely, {*aliases, *english.languages}).items())
    )
    for kind, names in (("script", english.scripts), ("region", english.territories)):
        yield from ((kind, code, str(name), "") for code, name in sorted(names.items()))
    for code, name in sorted(english.variants.items()):
        yield "variant", code.lower(), str(name), ""
    for code, target in sorted(aliases.items()):
        yield "alias", _hyphened(code), _hyphened(target), ""
    yield from (("alias", *pair, "") for pair in sorted(_chinese(likely).items()))
    for code, targets in sorted(regions.items()):
        if len(targets) == 1 and len(code) == 2:
            yield "region-alias", code, targets[0], ""


def _unnamed(likely: Mapping[str, str], others: set[str]) -> dict[str, list[str]]:
    """The other languages that CLDR knows, by their script."""
    from babel.localedata import locale_identifiers

    found: dict[str, list[str]] = {}
    for code in sorted({*likely, *locale_identifiers()} - others):
        # `all`, a language of India, is the name of the pool of all languages here.
        if "_" not in code and code not in ("all", "und"):
            script = likely.get(code, "").split("_")[1:2]
            found.setdefault("".join(script), []).append(code)
    return found


def _chinese(likely: Mapping[str, str]) -> dict[str, str]:
    """`zh-CN` means `zh-Hans`, `zh-TW` means `zh-Hant`, and `zh-HK` means `zh-Hant-HK`."""
    found = {}
    for script in ("Hans", "Hant"):
        code = f"{_BY_REGION}_{script}"
        usual = likely.get(code, likely[_BY_REGION]).split("_")[2]
        found[f"{_BY_REGION}-{usual}"] = found[_hyphened(f"{code}_{usual}")] = _hyphened(code)
    for code, full in likely.items():
        region = code.removeprefix(f"{_BY_REGION}_")
        if len(region) == 2 and full == f"{_BY_REGION}_Hant_{region}":
            found.setdefault(_hyphened(code), _hyphened(full))
    return found


def _hyphened(code: str) -> str:
    return code.replace("_", "-")


def text() -> str:
    """The whole file."""
    lines = ["\t".join(COLUMNS), *("\t".join(row) for row in rows())]
    return HEADER + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
