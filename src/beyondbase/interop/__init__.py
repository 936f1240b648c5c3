"""Logs of other programs: read as runs, written from runs.

foreign    what every reader says of a log, whatever its format
formats/   a module a format, and the visible dict of all
"""
