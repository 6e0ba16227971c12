"""The commands of `gridcast`, one thin file each."""
