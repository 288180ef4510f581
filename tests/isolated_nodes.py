"""A cluster whose nodes share no files with each other: each job sees a fresh copy of the checkout.

Snakemake's executor cluster-generic calls this file: `submit JOBSCRIPT` starts a job and prints its
number, `status NUMBER` prints running, success or failed. A job runs in its own mount namespace,
in which the project's folder is the copy. Only the storage is the same for all.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# What a node has before a job: the checkout and what the config names outside of it.
_NOT_ON_A_NODE = ("results", "logs", ".snakemake", "__pycache__")
# Only the job sees the mount, which ends with it.
_JOB = """mount --bind "$1" "$2" && cd "$2" && bash "$3"
code=$?
echo $code > "$4.part" && mv "$4.part" "$4"
"""


def missing() -> list[str]:
    """What this machine lacks for isolated nodes: mount namespaces, and rsync between them."""
    lacking = [] if shutil.which("rsync") else ["rsync"]
    if shutil.which("unshare") is None or _namespace() is None:
        lacking.append("mount namespaces (unshare --mount)")
    return lacking


def submit(jobscript: Path, *, project: Path, nodes: Path) -> str:
    """Start a job on its own node; return its number."""
    number = str(len(list(nodes.iterdir())) + 1)
    node = nodes / number
    shutil.copytree(project, node / "checkout", ignore=shutil.ignore_patterns(*_NOT_ON_A_NODE))
    shutil.copy(jobscript, node / "job.sh")
    with (node / "output.txt").open("wb") as log:
        subprocess.Popen(
            [*(_namespace() or ()), "sh", "-c", _JOB, "job", str(node / "checkout"),
             str(project), str(node / "job.sh"), str(node / "code")],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    return number


def status(number: str, *, nodes: Path) -> str:
    """Whether a job is running, success or failed."""
    code = nodes / number / "code"
    if not code.is_file():
        return "running"
    return "success" if code.read_text().strip() == "0" else "failed"


def _namespace() -> Sequence[str] | None:
    """The words that start a command in a mount namespace; None if that is not allowed."""
    for words in (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"]):
        if subprocess.run([*words, "true"], capture_output=True, timeout=20).returncode == 0:
            return words
    return None


def main(words: Sequence[str]) -> None:
    """Answer Snakemake; the folder of the nodes comes from the environment."""
    nodes = Path(os.environ["ISOLATED_NODES"])
    action, argument = words
    if action == "submit":
        print(submit(Path(argument), project=Path.cwd(), nodes=nodes))
    else:
        print(status(argument, nodes=nodes))


if __name__ == "__main__":
    main(sys.argv[1:])
