"""The report of a profile: what it shows, its HTML page, and its files."""
