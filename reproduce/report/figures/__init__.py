"""The figures, one module for each family: functions from rows, or from specs, to pictures."""
