"""What sessions are told without asking: notifications of channels, and the changes of tables."""
