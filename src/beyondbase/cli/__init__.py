"""The command line: parse the configuration, call the pipeline, print."""
