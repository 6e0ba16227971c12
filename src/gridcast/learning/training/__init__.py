"""From a file of history to a model: `gridcast train` and `gridcast tune`."""
