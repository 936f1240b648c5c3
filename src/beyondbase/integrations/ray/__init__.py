"""Runs drawn, verified and written by many processes on a Ray cluster."""
