"""Snakemake's logger `hybridbatch`; Snakemake finds it by the name of this package."""

from hybridbatch.console.handler import LogHandler

__all__ = ["LogHandler"]
