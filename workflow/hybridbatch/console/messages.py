"""Which of Snakemake's messages are shown: all but those that say what is shown otherwise."""

import re

# The beginnings of messages. A message that is not listed is shown.
_LEFT_OUT = (
    "Assuming unrestricted shared filesystem usage",
    "Building DAG of jobs",
    "Complete log(s): ",
    "Conda environments: ignored",
    "DAG of jobs will be updated",
    "Elapsed time: ",
    "Execute ",
    "Exiting because a job execution failed",
    "Finished jobid: ",
    "Group jobs: inactive",
    "Job rate limit reached",
    "Select jobs to execute",
    "Shutting down, this might take",
    "Singularity containers: ignored",
    "Terminating processes on user request",
    "Updating checkpoint dependencies",
    "Using shell: ",
    "Will exit after finishing currently running jobs",
    "Workflow has started",
)
_OF_DRY_RUNS = (
    "Some jobs were triggered by provenance information",
    "Rules with provenance triggered jobs",
    "The run involves checkpoint jobs",
    "This was a dry-run",
    "Would remove temporary output",
    "Reasons:",
)
# An executor says this of every job.
_OF_EACH_JOB = re.compile(
    r"(Group )?[Jj]ob \S+ (has been submitted|.*SLURM jobid)|Submitted (group )?job|"
    r"Removing (temporary )?output|Touching output|Trying to restart job|"
    r"(Retrieving from|Storing in) storage|Finished (retrieval|upload)"
)
_STOPPED = ("Terminating processes on user request", "Will exit after finishing currently running")
_STATUS = re.compile(r"returned non-zero exit status (\d+)|died with <Signals\.(\w+)")
_OF_JOBS = re.compile(r"\ARuleException:\nCalledProcessError in file")
_AT_END = "At least one job did not complete successfully"
LOG = "Complete log(s): "


def is_shown(text: str) -> bool:
    """Whether a message of Snakemake is shown."""
    text = text.lstrip()
    return bool(text) and not (
        text.startswith(_LEFT_OUT + _OF_DRY_RUNS) or _OF_EACH_JOB.match(text)
    )


def is_stop(text: str) -> bool:
    """Whether the user stopped the run."""
    return text.startswith(_STOPPED)


def is_of_failed_jobs(text: str) -> bool:
    """Whether an error only says that a job failed, which the job's own error says too."""
    return bool(_OF_JOBS.match(text)) or _AT_END in text


def exit_status(text: str) -> str:
    """How the command of a failed job ended: `exit status 2`, `SIGKILL`; nothing if not known."""
    match = _STATUS.search(text)
    if match is None:
        return ""
    return f"exit status {match[1]}" if match[1] else match[2]


def reasons(text: str) -> list[str]:
    """The kinds of reason in Snakemake's text, without the files.

    `Missing output files: a, b; Code has changed` gives `Missing output files` and `Code has
    changed`. That an input is made anew is left out where there is another reason.
    """
    kinds = [part.partition(":")[0].strip() for part in text.split("; ")]
    kinds = list(dict.fromkeys(kind for kind in kinds if kind))
    own = [kind for kind in kinds if kind != "Input files updated by another job"]
    return own or kinds
