"""The one primary analysis of all claims about accuracy, which artifact/ANALYSIS.md describes; everything asks it."""
