"""Claims, what decides them, and whether stored rows bear them out."""
