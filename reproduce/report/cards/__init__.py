"""The optimizer cards: what is known and what was measured of each, one module for each kind of optimizer."""
