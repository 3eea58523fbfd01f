"""One module a command: `arguments` declares its options, `run` executes it."""
