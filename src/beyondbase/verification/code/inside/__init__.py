"""What runs inside the sandbox, on the standard library alone: nothing here may import the package."""
