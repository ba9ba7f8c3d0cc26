"""The `rustydb` command: serve, sim, shell, ready, check-config. README.md walks through it."""
