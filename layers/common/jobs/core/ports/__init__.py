"""The outside as the rules need it, one file a port; each has one adapter in `jobs.adapters`."""
