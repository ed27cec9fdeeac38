"""The tables, one module for each family: pure functions of rows, records or the tables of the code."""
