"""The experiments: ``python -m reproduce COMMAND`` trains, keeps every run as a row, and writes tables and figures."""
