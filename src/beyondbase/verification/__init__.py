"""Verifiers: from an answer text to a verdict."""
