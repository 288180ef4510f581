"""Language codes and their English names, from Babel's copy of CLDR.

Babel is imported when a name is needed: it takes a tenth of a second, and Snakemake may run in an
interpreter without it.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import cast

_CODE = re.compile(r"[a-z]{2,3}")


def is_code(text: str) -> bool:
    """Whether a text has the form of a language code, such as `de` or `fil`."""
    return _CODE.fullmatch(text) is not None


def english_name(code: str) -> str | None:
    """`German` for `de`, `Simplified Chinese` for `zh-Hans`; None if CLDR has no name.

    Raises:
        ImportError: Babel is not installed.
    """
    return _names().get(code.replace("-", "_"))


@cache
def _names() -> Mapping[str, str]:
    from babel import Locale

    return cast(Mapping[str, str], Locale("en").languages)
