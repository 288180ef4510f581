"""What a rule tracks of its stage: the code, and the versions of the libraries."""

import hashlib
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

from hybridbatch.common.codecache import remembered
from hybridbatch.common.codehash import Parse, code_hash, parse
from hybridbatch.common.contents import CACHE, ContentDigests
from hybridbatch.common.digests import sha256_file
from hybridbatch.planning.deployment import Software
from hybridbatch.planning.lineage import Lineage
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.shard_list import ShardList
from hybridbatch.stages import STAGES

_OWN = Software()  # the interpreter of this process
_PARSED = Path(".snakemake/hybridbatch/code.json")
# What a stage reads from the package's surroundings. They are no inputs of its rule, since their
# absolute paths would run it again in another checkout.
_RESOURCES = {"report": ("resources/paper_results.csv", "reporting/templates/*")}


def stage_codes(stages: Iterable[str]) -> dict[str, str]:
    """Hash of each stage's code: its module, those that it imports, and the resources it reads."""
    # Outside of a project's folder there is no place to remember what was parsed.
    if not _PARSED.parent.parent.is_dir():
        return {stage: _stage_code(stage, parse) for stage in stages}
    with remembered(_PARSED) as known:
        return {stage: _stage_code(stage, known) for stage in stages}


def _stage_code(stage: str, parse: Parse) -> str:
    digest = hashlib.sha256(code_hash(STAGES[stage].module, parse=parse).encode())
    root = Path(__file__).resolve().parents[1]
    patterns = _RESOURCES.get(stage, ())
    for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
        digest.update(f"{path.relative_to(root)} {sha256_file(path)}\n".encode())
    return digest.hexdigest()[:16]


def stage_versions(stage: str, *, software: Software = _OWN) -> str:
    """The versions of the libraries on which a stage's results depend, as its job finds them."""
    return software.versions(*STAGES[stage].packages)


def lineage(plan: Plan, *, shards: ShardList | None = None, software: Software = _OWN) -> Lineage:
    """The chain of digests of a plan, by this process's code and what its jobs compute with."""
    digests, codes = ContentDigests(CACHE), stage_codes(STAGES)
    return Lineage(
        plan,
        code=codes.__getitem__,
        versions=cache(partial(stage_versions, software=software)),
        contents=lambda path: digests.of(Path(path)),
        shards=shards,
    )
