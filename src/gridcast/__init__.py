"""gridcast: a streaming short-term electricity-load forecaster."""
