"""The code and the library versions of a stage, which its rule tracks."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from hybridbatch.common.codecache import remembered
from hybridbatch.common.codehash import code_hash
from hybridbatch.common.contents import CACHE, ContentDigests
from hybridbatch.planning.deployment import Software
from hybridbatch.planning.lineage import Lineage
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.shard_list import ShardList
from hybridbatch.stages import STAGES

_OWN = Software()  # the interpreter of this process
_PARSED = Path(".snakemake/hybridbatch/code.json")


def stage_codes(stages: Iterable[str]) -> dict[str, str]:
    """Hash of each stage's code: its module, those that it imports, and the package data they read.

    Package data are not inputs of a rule: their absolute paths would run it again in another
    checkout.
    """
    # Outside a project's folder there is no place for the cache of parsed modules.
    if not _PARSED.parent.parent.is_dir():
        return {stage: code_hash(STAGES[stage].module) for stage in stages}
    with remembered(_PARSED) as known:
        return {stage: code_hash(STAGES[stage].module, parse=known) for stage in stages}


def stage_versions(stage: str, *, software: Software = _OWN, more: Sequence[str] = ()) -> str:
    """The versions of the libraries on which a stage's results depend, as its job finds them.

    `more` are libraries that it uses with some configurations alone.
    """
    return software.versions(*STAGES[stage].packages, *more)


def lineage(plan: Plan, *, shards: ShardList | None = None, software: Software = _OWN) -> Lineage:
    """The chain of digests of a plan, for this process's code and the software of its jobs."""
    digests, codes = ContentDigests(CACHE), stage_codes(STAGES)

    @cache
    def versions(stage: str) -> str:
        return stage_versions(stage, software=software, more=plan.optional_packages(stage))

    return Lineage(
        plan,
        code=codes.__getitem__,
        versions=versions,
        contents=lambda path: digests.of(Path(path)),
        shards=shards,
    )
