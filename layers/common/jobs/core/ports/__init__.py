"""What the rules need of the outside, each held by one adapter in `jobs.adapters`."""
