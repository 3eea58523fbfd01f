"""Types of jobs that other jobs make, and no client."""
