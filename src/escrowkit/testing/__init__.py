"""The test kit: the oracle, and the library driven beside it."""
