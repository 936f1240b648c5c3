"""Engines that complete prompts, and the plan of which samples are still owed."""
