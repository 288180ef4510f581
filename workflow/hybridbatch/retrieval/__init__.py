"""Ranks, top lists and judgements."""
