"""Comparison studies: every optimizer on one or more tasks, tuned and run by one rule."""
