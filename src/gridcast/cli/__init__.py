"""The commands of `gridcast`, one a file, each thin."""
