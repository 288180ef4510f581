"""Language codes: one rule for the configuration and for every file, and their English names.

A code is a BCP 47 tag that CLDR knows, such as `de`, `fil`, `zh-Hans`, `pt-BR` or `es-419`. A
language has one code here: `canonical` turns the others into it. The list of codes and names is
that of Babel (see `language_table`), packaged because Snakemake may run in an interpreter without
Babel.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from hybridbatch.common.package_files import package_file
from hybridbatch.common.suggest import did_you_mean

# The project's code hash covers this file: see `codehash`.
PACKAGE_DATA = ("resources/languages.tsv",)
_LONGEST = 60  # characters of a wrong code that are shown
_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(-(?P<script>[a-z]{4}))?(-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?P<variants>(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)(?P<private>-x(-[a-z0-9]{1,8})+)?"
)
# BCP 47 leaves these codes to their users, for languages without a code.
_PRIVATE = re.compile(r"q[a-t][a-z]")
# YAML reads these words, unquoted, as true and false.
_BOOLEANS = {"false": "no", "true": "yes"}


@dataclass(frozen=True)
class _Table:
    """CLDR's codes: names by code, and what an alias stands for; `scripts` by language.

    `codes` also has the languages without a name.
    """

    codes: frozenset[str]
    languages: Mapping[str, str]
    scripts: Mapping[str, str]
    names: Mapping[str, Mapping[str, str]]
    aliases: Mapping[str, str]
    regions: Mapping[str, str]


def canonical(text: str) -> str | None:
    """The one code of a language; None if CLDR does not know the text as a code.

    The case and separators are those of BCP 47 (`ZH_hans` is `zh-Hans`); codes that CLDR has
    replaced, three-letter codes of languages with two letters, and the main language of a
    macro-language become its code (`iw` is `he`, `deu` is `de`, `cmn` is `zh`); a script is left
    out where the language alone means it (`deu-Latn` is `de`), and Chinese has its script in place
    of its region (`zh-CN` is `zh-Hans`).
    """
    found = _TAG.fullmatch(text.strip().lower().replace("_", "-"))
    if found is None:
        return None
    table = _table()
    language, script, region = (found[name] or "" for name in ("language", "script", "region"))
    language, script, region = _replaced(language, script.title(), region.upper())
    region = table.regions.get(region, region)
    if not _is_known(language, script, region, found["variants"]):
        return None
    if script == table.scripts.get(language) and f"{language}-{script}" not in table.languages:
        script = ""
    if region and not script and f"{language}-{table.scripts.get(language)}" in table.languages:
        script = "" if _joined(language, "", region) in table.aliases else table.scripts[language]
    code = _joined(language, script, region)
    return table.aliases.get(code, code) + found["variants"] + (found["private"] or "")


def one_code(text: str) -> str:
    """The one code of a language; a text that is no code, such as `all`, stays as it is."""
    return canonical(text) or text


def is_code(text: str) -> bool:
    """Whether a text is the one code of a language, such as `de`, `fil` or `zh-Hans`."""
    return canonical(text) == text


def english_name(code: str) -> str | None:
    """`German` for `de`, `Simplified Chinese` for `zh-Hans`; None if CLDR has no name.

    A code that CLDR does not name as a whole is named by its parts: `Serbian (Latin)`.
    """
    names, table = _table().languages, _table()
    parts = code.replace("_", "-").split("-")
    for length in range(len(parts), 0, -1):
        name = names.get("-".join(parts[:length]))
        if name is not None:
            rest = [_name_of_part(part, table) for part in parts[length:] if part != "x"]
            return f"{name} ({', '.join(rest)})" if rest else name
    return None


def refusal(text: object) -> str:
    """Why a value is no code, and the remedy: `unknown language 'xx'; write ...`."""
    if isinstance(text, bool):
        word = _BOOLEANS[str(text).lower()]
        return (
            f"YAML reads {word} without quotation marks as {str(text).lower()}; "
            f'write "{word}" in quotation marks' + (" for Norwegian" if word == "no" else "")
        )
    word = str(text)
    by_name = {name: code for code, name in _table().languages.items()}
    hint = did_you_mean(word, by_name)
    if hint:
        name = hint.removeprefix("; did you mean `").removesuffix("`?")
        hint = f"; did you mean `{by_name[name]}` ({name})?"
    if _TAG.fullmatch(word.lower().replace("_", "-")) is None:
        shown = word if len(word) <= _LONGEST else f"{word[:_LONGEST]}…"
        return f"{shown!r} is not a language code; write one such as de or zh-Hans{hint}"
    return (
        f"unknown language {word!r}; write the code that CLDR has for it, such as de or zh-Hans, "
        f"or one of qaa to qtz for a language without a code"
    )


def among(code: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` if another code of the same language is known; else an empty text."""
    kin = {"no": ("nb",), "nb": ("no",)}
    base = code.partition("-")[0]
    wanted = {base, *kin.get(base, ())}
    close = [other for other in known if other.partition("-")[0] in wanted and other != code]
    return f"; did you mean {' or '.join(f'`{other}`' for other in close)}?" if close else ""


def _replaced(language: str, script: str, region: str) -> tuple[str, str, str]:
    """The parts of a code after CLDR's aliases of languages; its own script and region stay."""
    table = _table()
    code = _joined(language, script, region)
    found = table.aliases.get(code) or table.aliases.get(language)
    if found is None:
        return language, script, region
    first, *rest = found.split("-")
    own = {"script" if len(part) == 4 else "region": part for part in rest}
    if code in table.aliases:
        return first, own.get("script", ""), own.get("region", "")
    return first, script or own.get("script", ""), region or own.get("region", "")


def _is_known(language: str, script: str, region: str, variants: str) -> bool:
    table = _table()
    given = [("script", script), ("region", region)]
    given += [("variant", part) for part in variants.split("-") if part]
    return (language in table.codes or _PRIVATE.fullmatch(language) is not None) and all(
        not part or part in table.names[kind] for kind, part in given
    )


def _name_of_part(part: str, table: _Table) -> str:
    found = (table.names[kind].get(part) for kind in ("script", "region", "variant"))
    return next((name for name in found if name), part)


def _joined(*parts: str) -> str:
    return "-".join(part for part in parts if part)


@cache
def _table() -> _Table:
    path = package_file(PACKAGE_DATA[0])
    with path.open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    by_kind: dict[str, dict[str, str]] = {kind: {} for kind, *_ in rows}
    scripts: dict[str, str] = {}
    unnamed: set[str] = set()
    for kind, code, name, script in rows:
        codes = name.split() if kind == "unnamed" else [code]
        if kind == "unnamed":
            unnamed.update(codes)
        else:
            by_kind[kind][code] = name
        if script:
            scripts.update(dict.fromkeys(codes, script))
    return _Table(
        codes=frozenset(unnamed | set(by_kind["language"])),
        languages=by_kind["language"],
        scripts=scripts,
        names={kind: by_kind[kind] for kind in ("script", "region", "variant")},
        aliases=by_kind["alias"],
        regions=by_kind["region-alias"],
    )
