"""Tells the logger, before the first job, how long the jobs may take and what is already there."""

import logging
import os
from typing import Any

from hybridbatch.console import CONSOLE, EVENT
from hybridbatch.console.forecast import forecast_of

# Snakemake's own logger, which passes every record on to its plugins.
_LOGGER = "snakemake.logging"


def announce(workflow: Any) -> None:
    """Send the forecast for Snakemake's `workflow`, if our logger listens to it."""
    if os.environ.get(CONSOLE) != "log" or not workflow.is_main_process:
        return
    try:
        forecast = forecast_of(workflow.dag, workflow.persistence)
    except Exception as error:  # estimates are no reason to stop, whatever Snakemake has renamed
        logging.getLogger(_LOGGER).debug("no forecast: %s", error)
        return
    logging.getLogger(_LOGGER).info("", extra={EVENT: forecast})
