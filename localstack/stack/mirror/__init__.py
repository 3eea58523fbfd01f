"""Copies of the bucket's exports on this machine, made as they are announced."""
