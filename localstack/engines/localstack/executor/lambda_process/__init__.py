"""Runs Lambda functions as processes of this machine, with AWS's own runtime client."""
