"""Test of docker-compose.yml on a machine that reaches no image registry."""
