"""The rustydb command and its shell: output as psql prints it, statements, commands, the prompt."""
