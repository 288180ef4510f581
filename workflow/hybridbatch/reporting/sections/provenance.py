"""Provenance: code, versions, hardware, time and memory. The one part that identical runs may
differ in, and so the last of the page.
"""

from hybridbatch.reporting import wording
from hybridbatch.reporting.document import (
    Block,
    Cell,
    Column,
    Paragraph,
    Row,
    Section,
    Subsection,
    Table,
    simple_table,
)
from hybridbatch.reporting.environment import Environment
from hybridbatch.reporting.inputs import Timing
from hybridbatch.reporting.systems import Context


def section(context: Context, environment: Environment) -> Section:
    """The last section."""
    timings = context.inputs.timings
    time: tuple[Block, ...] = (
        (stage_table(timings), job_table(timings))
        if timings
        else (Paragraph("No timings were recorded."),)
    )
    return Section(
        id="provenance",
        title="Provenance",
        blocks=(
            Paragraph(
                "Two runs of the same configuration and code give the same page but for this "
                "section."
            ),
        ),
        subsections=(
            Subsection("provenance-code", "Code and machine", (environment_table(environment),)),
            Subsection("provenance-time", "Time and memory", time),
        ),
    )


def environment_table(environment: Environment) -> Table:
    """Code, machine and package versions."""
    rows = [
        *environment.machine,
        *((f"{name} (package)", version) for name, version in environment.packages),
    ]
    return simple_table(
        "table-environment",
        "Where this page was rendered",
        corner="what",
        columns=(Column("value", numeric=False),),
        rows=tuple(Row(name, wording.number_cells([value])) for name, value in rows),
    )


def stage_table(timings: tuple[Timing, ...]) -> Table:
    """Sums over the jobs of each stage; memory is the largest."""
    stages = list(dict.fromkeys(timing.stage for timing in timings))
    rows = []
    for stage in stages:
        jobs = [timing for timing in timings if timing.stage == stage]
        rows.append(Row(stage, (Cell(wording.count(len(jobs))), *_cost(jobs))))
    everything = (Cell(wording.count(len(timings))), *_cost(list(timings)))
    rows.append(Row("all", everything, summary=True))
    return simple_table(
        "table-stages",
        "Time and memory of each stage",
        corner="stage",
        columns=(
            Column("jobs"),
            Column("wall time", exported="wall time, s"),
            Column("CPU time", exported="CPU time, s"),
            Column("peak memory, MiB"),
            Column("threads"),
        ),
        rows=tuple(rows),
        note="Times are sums over jobs, some of which ran side by side; memory and threads are "
        "those of the largest job. The job that rendered this page is not among them.",
    )


def job_table(timings: tuple[Timing, ...]) -> Table:
    """Time and memory of every job."""
    return simple_table(
        "table-jobs",
        "Time and memory of each job",
        corner="stage",
        columns=(
            Column("job", numeric=False),
            Column("wall time", exported="wall time, s"),
            Column("CPU time", exported="CPU time, s"),
            Column("peak memory, MiB"),
            Column("threads"),
        ),
        rows=tuple(Row(timing.stage, (Cell(timing.job), *_cost([timing]))) for timing in timings),
    )


def _cost(jobs: list[Timing]) -> tuple[Cell, ...]:
    times = [sum(job.wall_seconds for job in jobs), sum(job.cpu_seconds for job in jobs)]
    return (
        *(Cell(wording.duration(seconds), value=round(seconds, 3)) for seconds in times),
        Cell(wording.count(round(max(job.peak_memory_mb for job in jobs)))),
        Cell(wording.count(max(job.threads for job in jobs))),
    )
