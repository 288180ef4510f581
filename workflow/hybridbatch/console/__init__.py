"""What Snakemake prints while it runs: the jobs, the share of the time, errors and an end.

`snakemake_logger_plugin_hybridbatch` hands it to Snakemake. Only the standard library is needed.
"""

# What the jobs of a run print beside their logs: with "log" nothing, with "errors" errors alone.
# Users set "snakemake" to see what Snakemake and the jobs print without this package.
CONSOLE = "HYBRIDBATCH_CONSOLE"
EVENT = "hybridbatch_forecast"  # the attribute of the log record that brings a forecast
