"""The reference of the HTTP API: what is written in infra/openapi.yaml, made fit to be served."""
