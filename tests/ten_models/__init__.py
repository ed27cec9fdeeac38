"""Every evolved optimizer on ten models, by hand (see `__main__`)."""
