"""Damages results, does what the error line says, and checks that the same command succeeds.

Also damages checkpoints of a killed training, which need no remedy: they are skipped.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from faults import damage
from faults import project as tiny_project
from faults.processes import running_process, until
from faults.project import References
from faults.surroundings import Trial

_LIMIT = 900.0  # seconds for a command
# `results/a.parquet: damaged: ...; remove it and run ...`, or with the path in place of `it`.
_REMOVE = re.compile(r"^(results/[^:]+): .*; remove (?:it|(?:the folder )?(results/\S+)) and run ")
_RUN = "model.tiny.hybrid.s1"
# A file of each kind, and the stage from which on the results are removed, so that it is read.
FILES = {
    "memory": (
        ("results/pairs/tiny.parquet", 2),
        ("results/benchmarks/held-out/queries.parquet", 5),
        ("results/models/model/model.safetensors", 5),
        ("results/models/model/config.json", 5),
        ("results/models/model/tokenizer.json", 5),
        (f"results/training/{_RUN}/model/model.safetensors", 5),
        (f"results/training/{_RUN}/train_log.parquet", 11),
        (f"results/embeddings/{_RUN}/held-out/passages.parquet", 6),
        (f"results/indexes/{_RUN}/held-out/de.faiss", 7),
        (f"results/rankings/{_RUN}/held-out/all.parquet", 8),
        (f"results/metrics/{_RUN}/held-out/per_query.parquet", 10),
        (f"results/bias/{_RUN}/held-out/per_query.parquet", 10),
        ("results/projection/model.tiny/held-out/points.parquet", 11),
    ),
    "sharded": (
        ("results/raw/{topics}", 1),
        ("results/benchmarks/miracl/passages/sw-0000/sw-0000.sw.0000.parquet", 3),
        ("results/benchmarks/miracl/shards.parquet", 5),
        ("results/embeddings/model.untrained/miracl/passages/sw-0000.sw.0001.parquet", 4),
        ("results/indexes/model.untrained/miracl/sw-0000.sw.0001.faiss", 5),
        ("results/rankings/model.untrained/miracl/sw.parquet", 6),
    ),
}
_TOPICS = "huggingface.co/datasets/miracl/miracl/resolve/main/miracl-v1.0-sw/topics/"
_STATE = ("state.json", "tensors.safetensors", "train_log.safetensors")


def remedied(
    references: References, folder: Path, scope: str, *, file: str, stage: int, kind: str
) -> Trial:
    """Damage a file that a stage will read, do what the line says, and repeat the command."""
    project = tiny_project.copy(references.project(scope), folder)
    tiny_project.cut_back(project, scope, stage)
    name = file.replace("{topics}", f"{_TOPICS}topics.miracl-v1.0-sw-dev.tsv")
    damage.spoil(project / name, kind, 0.4)
    lines: list[str] = []
    problems: list[str] = []
    # Several jobs may read a damaged file; each of them prints the same line.
    for _ in range(3):
        done = tiny_project.run(project, timeout=_LIMIT)
        lines += (each for each in done.errors if each not in lines)
        if done.code == 0:
            break
        if done.crashed:
            problems.append(f"a trace: {done.text[-2500:]}")
        found = [m[2] or m[1] for line in done.errors if (m := _REMOVE.search(line))]
        if not found:
            problems.append(f"no remedy: {done.errors or done.text[-1500:]}")
            break
        for path in dict.fromkeys(found):
            place = project / path
            shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    if done.code and not problems:
        problems.append(f"does not end: {done.text[-1500:]}")
    if other := tiny_project.differences(project, references.digests(scope)):
        problems.append(f"other bytes: {', '.join(other)}")
    return Trial(f"{kind} of {file}, read again, {scope}", tuple(lines), tuple(problems))


def damaged_checkpoint(references: References, folder: Path, *, file: str, kind: str) -> Trial:
    """Kill a training after a checkpoint, damage the checkpoint, and train again."""
    project = tiny_project.copy(references.project("memory"), folder)
    train = next(each for each in damage.recorded_jobs(project) if each.rule == "train")
    process = subprocess.Popen(
        [sys.executable, *train.command],
        cwd=project,
        env=tiny_project.environment(project),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    started = running_process(process.pid)
    state = project / "results" / "training_state" / _RUN
    reached = until(lambda: process.poll() is not None or any(state.glob("step-*")), seconds=120)
    process.kill()
    process.wait()
    problems = [] if reached and any(state.glob("step-*")) else [f"no checkpoint: {started}"]
    for step in state.glob("step-*"):
        damage.spoil(step / file, kind, 0.5)
    done = damage.run_job(project, train.command)
    lines = [each for each in done.text.splitlines() if "step-" in each and "resumed" in each]
    if done.code:
        problems.append(f"code {done.code}: {done.text[-1500:]}")
    if other := tiny_project.differences(project, references.digests("memory")):
        problems.append(f"other bytes: {', '.join(other)}")
    return Trial(f"{kind} of a checkpoint's {file}", tuple(lines), tuple(problems))


def trials(references: References) -> list[Callable[[Path], Trial]]:
    """Each file of the tables above, flipped or cut in turn; each trial takes its folder."""
    return [
        *(
            partial(damaged_checkpoint, references, file=file, kind=kind)
            for file in _STATE
            for kind in damage.KINDS
        ),
        *(
            partial(
                remedied,
                references,
                scope=scope,
                file=file,
                stage=stage,
                kind=damage.KINDS[number % 2],
            )
            for scope, files in FILES.items()
            for number, (file, stage) in enumerate(files)
        ),
    ]
