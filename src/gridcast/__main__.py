"""`python -m gridcast`: the same as the `gridcast` command."""

from gridcast.cli.main import main

if __name__ == "__main__":
    main()
