"""Pages, versions, indexes, the log, checkpoints and recovery."""
