"""The published search: its log, what the log says, and its candidates scored again."""
