"""Answers that are programs: extracted, and run in a sandbox against the tests of their problem."""
