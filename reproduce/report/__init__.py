"""Reports from rows: statistics, tables, figures. Nothing here trains."""
