"""How data sets are laid out as files: class folders, and what the published archives hold."""
