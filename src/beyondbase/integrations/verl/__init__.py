"""verl with our problems and verifiers: rows and configuration -> reward during training -> its dumps as runs."""
