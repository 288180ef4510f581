"""Makes the logger known to Snakemake; `profiles/default` calls it before the options are read.

Snakemake finds an installed plugin by itself. In a checkout the package lies in `workflow/`, where
Snakemake does not look, and jobs in a deployed environment need no installed package at all.
"""

import os

from hybridbatch.console import CONSOLE

NAME = "hybridbatch"


def loggers() -> list[str]:
    """The names for Snakemake's option `--logger`: ours, or none where it cannot be used.

    With `HYBRIDBATCH_CONSOLE=snakemake` Snakemake prints what it always prints.
    """
    if os.environ.get(CONSOLE) == "snakemake":
        return []
    try:
        from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

        import snakemake_logger_plugin_hybridbatch as plugin

        LoggerPluginRegistry().register_plugin(plugin.__name__, plugin)
    except Exception:  # another version of Snakemake: the workflow runs all the same
        return []
    return [NAME]
