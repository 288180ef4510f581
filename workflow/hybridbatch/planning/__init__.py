"""Turns a configuration into jobs, with their options and the machine that they run on."""
