"""Provenance: code, versions, hardware, time and memory, checksums, how to cite.

It is the only section that may differ between identical runs, so it is the last of the page.
"""

import hybridbatch
from hybridbatch.common.timings import Timing
from hybridbatch.reporting import wording
from hybridbatch.reporting.checksums import Checksum
from hybridbatch.reporting.citation import bibtex, data_citations
from hybridbatch.reporting.document import (
    Block,
    Cell,
    Code,
    Column,
    Details,
    Paragraph,
    Row,
    Section,
    Subsection,
    Table,
    simple_table,
)
from hybridbatch.reporting.environment import Environment
from hybridbatch.reporting.systems import Context


def section(
    context: Context, environment: Environment, checksums: tuple[Checksum, ...] = ()
) -> Section:
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
                "Two runs of the same configuration and code give the same page except for this "
                "section."
            ),
        ),
        subsections=(
            Subsection("provenance-code", "Code and machine", (environment_table(environment),)),
            Subsection("provenance-time", "Time and memory", _opened("Stages and jobs", time)),
            Subsection(
                "provenance-inputs", "Inputs", _opened("Checksums", (checksum_table(checksums),))
            ),
            Subsection("provenance-citation", "How to cite", citation(context, environment)),
        ),
    )


def _opened(summary: str, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    return (Details(summary, blocks),)


def checksum_table(checksums: tuple[Checksum, ...]) -> Table:
    """The SHA-256 of every input."""
    return simple_table(
        "table-checksums",
        "Checksums of the inputs",
        corner="file",
        columns=(Column("kind", numeric=False), Column("SHA-256", numeric=False)),
        rows=tuple(Row(each.path, (Cell(each.kind), Cell(each.sha256))) for each in checksums),
        note="A raw file is named by host and path of its URL; its checksum is the one that every "
        "download must match. Prepared data is named by its path in the results folder; its "
        "checksum is that of the file when this page was rendered.",
    )


def citation(context: Context, environment: Environment) -> tuple[Block, ...]:
    """How to cite the project, the method and the data sets."""
    training = context.config.get("training", {})
    validation = training.get("validation", {}).get("source", "held-out")
    others = () if validation == "held-out" else (validation,)
    rows = data_citations((*context.benchmarks, *context.inputs.sources, *others))
    return (
        Paragraph(
            "For figures of this page, cite hybridbatch with its version and git commit. For the "
            "method, cite Elmahdy, Lin and Ahmad (arXiv 2408.10536); the batch types are those of "
            "Roy et al., LAReQA (arXiv 2004.05484). The data sets have their own authors and "
            "licences."
        ),
        Code(bibtex(version=hybridbatch.__version__, commit=environment.commit), "BibTeX"),
        simple_table(
            "table-citations",
            "Data sets of this page",
            corner="data set",
            columns=(Column("cite", numeric=False), Column("licence", numeric=False)),
            rows=tuple(Row(name, (Cell(cite), Cell(licence))) for name, cite, licence in rows),
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
    """Sums over the jobs of each stage; memory and threads are maxima."""
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
        note="Times are sums over jobs, some of which ran in parallel; memory and threads are the "
        "maxima over jobs. The job that rendered this page is not included.",
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
