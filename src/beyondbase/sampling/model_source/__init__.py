"""Where the files of a model come from: a folder, a hub, or the package that carries SmolLM2."""
