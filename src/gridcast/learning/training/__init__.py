"""Training: from history files to a model, for `gridcast train` and `gridcast tune`."""
