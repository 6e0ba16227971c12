"""The numbers: pure functions of arrays."""
