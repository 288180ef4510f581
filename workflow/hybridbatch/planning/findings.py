"""What `verify` finds: which artifacts belong to the configuration, are stale or damaged."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.parquet import check_pages
from hybridbatch.common.records import (
    REMEDY,
    Record,
    check_digests,
    place_of,
    read_record,
)
from hybridbatch.data.mirrors import choose_mirror
from hybridbatch.planning import paths
from hybridbatch.planning.config import check_config, read_config
from hybridbatch.planning.lineage import Lineage, Node
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.shard_list import ShardList
from hybridbatch.planning.tracking import lineage
from hybridbatch.reporting.page_record import read_page_record

State = Literal["whole", "missing", "stale", "damaged", "of another config"]
# Folders of the results that hold no artifacts. Downloads are checked against pinned digests.
_ASIDE = ("raw", "timings", "training_state", "tensorboard")


@dataclass(frozen=True)
class Finding:
    """The state of one artifact; `reason` says why it is not whole."""

    path: str
    state: State
    reason: str = ""


def checked_report_record(config: Mapping[str, Any], *, results: Path) -> Record:
    """Check the inputs of a configuration's report, and return the record of the report.

    Args:
        config: the configuration, checked or as it was read.
        results: the folder of results.

    Raises:
        HybridBatchError: names the first artifact that is missing or not of the configuration.
    """
    plan = Plan(check_config(config), mirror=choose_mirror(None, os.environ))
    chain = lineage(plan, shards=ShardList(results / "benchmarks"))
    report = chain.node("report")
    Verification(plan, chain, results).check(report.record.inputs, _makers(chain))
    return report.record


def check_of_config(config: Path, artifacts: Iterable[str], *, results: Path) -> None:
    """Check that artifacts belong to a configuration.

    Args:
        config: the file of the configuration.
        artifacts: their paths from `results/` on.
        results: the folder of results.

    Raises:
        HybridBatchError: names the first artifact that is missing or not of the configuration.
    """
    found = read_config([config])
    with found.placed():
        plan = Plan(found.values, mirror=choose_mirror(found.values["mirror"], os.environ))
        chain = lineage(plan, shards=ShardList(results / "benchmarks"))
    makers, wanted = _makers(chain), list(artifacts)
    for path in wanted:
        if path not in makers:
            raise HybridBatchError(f"{path}: not of {config}; name the config that it is of")
    Verification(plan, chain, results).check(wanted, makers)


def _makers(chain: Lineage) -> dict[str, Node]:
    """The job that makes each artifact."""
    return {path: node for node in chain.nodes() for path in node.outputs}


class Verification:
    """Compares the results in a folder with the chain of digests of a configuration.

    Args:
        plan: the configuration.
        chain: its chain, with the shards that were cut.
        results: the folder of results.
    """

    def __init__(self, plan: Plan, chain: Lineage, results: Path = Path("results")) -> None:
        self._plan, self._chain, self._results = plan, chain, results
        self._found: dict[str, Finding] = {}

    def findings(self, *, contents: bool) -> Iterator[Finding]:
        """A finding for each artifact of the configuration, and for each other file.

        Args:
            contents: read every byte; otherwise only the records are compared.
        """
        owned = set()
        for node in self._chain.nodes():
            for path in node.outputs:
                owned.add(path)
                finding = self._compare(path, node)
                if finding.state == "whole" and contents:
                    finding = self._read_whole(path)
                yield finding
        for path in self._plan.downloads():
            file = self._place(f"{paths.RAW}/{path}")
            if file.is_file():
                broken = contents and sha256_file(file) != self._plan.raw_digest(path)[7:]
                reason = f"its SHA-256 is not the pinned one; {REMEDY}" if broken else ""
                yield Finding(f"{paths.RAW}/{path}", "damaged" if broken else "whole", reason)
        for path in self._strangers(owned):
            yield Finding(path, "of another config")

    def check(self, paths: Iterable[str], nodes: Mapping[str, Node]) -> None:
        """Check that artifacts belong to the configuration.

        Args:
            paths: the artifacts.
            nodes: the job that makes each path: the artifacts and all that they are made from.

        Raises:
            HybridBatchError: names the first wrong artifact, from the raw data on.
        """
        for path in paths:
            finding = self._root(path, nodes)
            if finding.state != "whole":
                raise HybridBatchError(f"{self._place(path)}: {_sentence(finding, path)}")

    def _root(self, path: str, nodes: Mapping[str, Node]) -> Finding:
        """The finding of `path`, or of the first artifact before it that is not whole."""
        node = nodes[path]
        finding = self._compare(path, node)
        if finding.state == "whole":
            return finding
        for source in node.sources:
            if self._place(source).exists():
                earlier = self._root(source, nodes)
                if earlier.state != "whole":
                    return earlier
        return finding

    def _compare(self, path: str, node: Node) -> Finding:
        if path not in self._found:
            self._found[path] = self._compared(path, node)
        return self._found[path]

    def _compared(self, path: str, node: Node) -> Finding:
        place = self._place(path)
        if not place.exists():
            # Snakemake makes a file that only an existing report needed if it is named as a target.
            return Finding(path, "missing", f"missing; `snakemake --cores all -- {path}` makes it")
        if place.suffix == ".html":
            made = read_page_record(place)
            whole = made == node.made
            reason = "" if whole else "the page was made from another config, code or data"
            return Finding(path, "whole" if whole else "stale", reason)
        try:
            record = read_record(place)
        except HybridBatchError as error:
            return Finding(path, "damaged", str(error).partition(": ")[2])
        if record.made == node.made:
            return Finding(path, "whole")
        return Finding(path, "stale", _difference(record, node.record))

    def _read_whole(self, path: str) -> Finding:
        place = self._place(path)
        try:
            if place.suffix == ".parquet":
                check_pages(place)
            elif place.suffix != ".html":
                check_digests(place, needed=True)
        except HybridBatchError as error:
            return Finding(path, "damaged", str(error).partition(": ")[2])
        return Finding(path, "whole")

    def _strangers(self, owned: set[str]) -> Iterator[str]:
        """Files in the results that are not part of any artifact of the configuration."""
        records = {str(place_of(Path(path))) for path in owned}  # record files beside an artifact
        for file in sorted(self._results.rglob("*")):
            parts = file.relative_to(self._results).parts
            if not file.is_file() or parts[0] in _ASIDE or any(p[0] == "." for p in parts):
                continue
            above = ("/".join(("results", *parts[:end])) for end in range(1, len(parts) + 1))
            path = "/".join(("results", *parts))
            if path not in records and owned.isdisjoint(above):
                yield path

    def _place(self, path: str) -> Path:
        return self._results / Path(path).relative_to("results")


def _sentence(finding: Finding, path: str) -> str:
    reason = finding.reason
    if finding.state == "stale":
        reason += (
            "; run the workflow with this config, and if it has nothing to do, remove the file"
        )
    if finding.path == path:
        return reason
    return f"made from {finding.path}, which is {finding.state}: {reason}"


def _difference(found: Record, expected: Record) -> str:
    """Describe how the record of an artifact differs from the expected one."""
    if found.stage != expected.stage:
        return f"made by stage {found.stage}, expected {expected.stage}"
    parts = []
    if found.options != expected.options:
        parts.append(f"made with other options ({_changed(found.options, expected.options)})")
    if found.code != expected.code:
        parts.append("made by other code")
    if found.versions != expected.versions:
        parts.append(f"made with {found.versions or 'no library'}, now {expected.versions}")
    if found.inputs != expected.inputs:
        keys = sorted({*found.inputs, *expected.inputs})
        first = next(k for k in keys if found.inputs.get(k) != expected.inputs.get(k))
        parts.append(f"made from another {first}")
    return ", ".join(parts)


def _changed(found: str, expected: str) -> str:
    """The options that differ: `steps 6, now 7`."""
    before, after = json.loads(found), json.loads(expected)
    words = [
        f"{key} {_short(before.get(key))}, now {_short(after.get(key))}"
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]
    return "; ".join(words[:3]) + ("; …" if len(words) > 3 else "")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 60 else f"{text[:59]}…"
