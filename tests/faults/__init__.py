"""Kills, damages and starves a workflow, and checks what the next command makes."""
