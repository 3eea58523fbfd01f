"""Copies the bucket's exports to this machine as soon as the bucket announces them."""
