"""Trainers of others, given our problems, verifiers and pass@k."""
