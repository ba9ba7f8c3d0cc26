"""The composition: connections, their protocol machines and sessions, the disk, behind one step function."""
