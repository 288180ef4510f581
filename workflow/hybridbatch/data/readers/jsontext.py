"""JSON that is read without loss: what Python would drop or could not store is an error."""

import json
import re
from typing import Any

# A lone surrogate can come only from an escape: UTF-8 has none.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class JsonError(ValueError):
    """A text is not JSON, or not JSON that can be read; the message is problem and remedy."""


def parsed(text: str, *, remedy: str) -> Any:
    """The value of a JSON text.

    `remedy` ends the message if the text is not JSON.

    Raises:
        JsonError: it is not JSON, names a key twice, is nested too deep, holds a number of
            thousands of digits, or half a character.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise JsonError(
            f"not readable as JSON (column {error.colno}: {error.msg}); {remedy}"
        ) from error
    except RecursionError as error:
        raise _too_deep(remedy) from error
    except JsonError:
        raise
    except ValueError as error:  # Python refuses to convert numbers of more than 4,300 digits
        raise JsonError(
            f"not readable as JSON (a number has thousands of digits); {remedy}"
        ) from error
    if "\\u" in text and _SURROGATE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except RecursionError as error:
            raise JsonError(
                f"not readable as JSON (brackets are nested too deep); {remedy}"
            ) from error
        except UnicodeEncodeError as error:
            raise JsonError(
                f"a text holds half a character ({error.reason}); write the file in UTF-8, "
                f"without escapes such as \\ud83d"
            ) from error
    return value


def _too_deep(remedy: str) -> JsonError:
    return JsonError(f"not readable as JSON (brackets are nested too deep); {remedy}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise JsonError(f"key {twice[:60]!r} occurs twice in an object; keep one of them")
    return found
