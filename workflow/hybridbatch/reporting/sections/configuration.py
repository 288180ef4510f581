"""The configuration that all of this comes from, as YAML."""

import yaml

from hybridbatch.reporting.document import Code, Paragraph, Section
from hybridbatch.reporting.systems import Context


def section(context: Context) -> Section:
    """The whole configuration, defaults filled in."""
    text = yaml.safe_dump(
        dict(context.config), sort_keys=False, allow_unicode=True, default_flow_style=None
    )
    return Section(
        id="configuration",
        title="Configuration",
        blocks=(
            Paragraph("Every setting of this report's runs, defaults filled in."),
            Code(text, "The configuration as YAML"),
        ),
    )
