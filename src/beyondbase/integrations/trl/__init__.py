"""TRL with our problems, verifiers and pass@k: config -> arguments, dataset, reward -> training, callback."""
