"""`python -m gridcast`: the same as the `gridcast` command."""

from gridcast.stream.cli import main

if __name__ == "__main__":
    main()
