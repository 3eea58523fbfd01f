"""Runs Lambda functions as processes on this machine, with AWS's own runtime client."""
