"""docker-compose.yml, brought up and tried on a machine that reaches no image registry."""
