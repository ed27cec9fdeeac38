"""The evolutionary search: candidates, the ways of proposing them, and what is kept of every one."""
