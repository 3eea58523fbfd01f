"""Sluice: background jobs on serverless functions."""
