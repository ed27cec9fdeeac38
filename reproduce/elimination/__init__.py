"""Progressive elimination: the finds of searches on larger and larger networks, the best of each round going on."""
