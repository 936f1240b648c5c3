"""A fleet of simulated replicas under the project's own planner: what a cluster and 10^9 samples do to it."""
