"""Analyses: from counts and runs to one frozen result each."""
