"""The digest in the report of everything that made it (see `common.records`)."""

import re
from pathlib import Path

NAME = "hybridbatch-made"
_META = re.compile(rf'<meta name="{NAME}" content="([0-9a-f]{{64}})">')
_HEAD = 4096  # the digest is within the first bytes


def read_page_record(page: Path) -> str | None:
    """The digest of a page; None if it has none."""
    with page.open(encoding="utf-8", errors="replace") as handle:
        found = _META.search(handle.read(_HEAD))
    return None if found is None else found[1]
