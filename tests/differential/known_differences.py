"""Differences that are intended: scenario -> reason."""

KNOWN = {}
