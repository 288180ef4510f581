"""The sections of the report, in reading order.

A section is a function of the context. It returns None if the runs have nothing to show in it. To
add one, write a module here and a line in `ORDER`.
"""

from collections.abc import Callable

from hybridbatch.reporting.document import Section
from hybridbatch.reporting.sections import (
    alpha,
    answer,
    bias,
    claims,
    configuration,
    corpora,
    data,
    examples_and_projection,
    headline,
    languages,
    measures,
    overview,
    pairs,
    training,
)
from hybridbatch.reporting.systems import Context

ORDER: tuple[Callable[[Context], Section | None], ...] = (
    overview.section,
    answer.section,
    claims.section,
    headline.section,
    pairs.section,
    bias.section,
    languages.section,
    examples_and_projection.section,
    alpha.section,
    corpora.section,
    training.section,
    data.section,
    measures.section,
    configuration.section,
)
