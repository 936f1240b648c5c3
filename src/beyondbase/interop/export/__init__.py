"""What other programs and papers take from a run or a study, a module each; the list: `beyondbase.cli.export`."""
