"""Runs on disk: written atomically, read as a whole."""
