"""What is written from rows: statistics, tables, figures. Nothing here trains."""
