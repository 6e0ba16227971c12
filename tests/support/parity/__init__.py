"""The same history three ways: live-like, replayed, backtested; every forecast compared."""
