"""The configuration of the report's runs, as YAML."""

import yaml

from hybridbatch.reporting.document import Code, Paragraph, Section
from hybridbatch.reporting.systems import Context


def section(context: Context) -> Section:
    """The whole configuration, with defaults filled in."""
    text = yaml.safe_dump(
        dict(context.config), sort_keys=False, allow_unicode=True, default_flow_style=None
    )
    return Section(
        id="configuration",
        title="Configuration",
        blocks=(
            Paragraph("Every option of this report's runs, with defaults filled in."),
            Code(text, "The configuration as YAML"),
        ),
    )
