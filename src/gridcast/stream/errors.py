"""Errors that a user can fix."""


class UserError(Exception):
    """An error that the user can fix, in one clear line: the CLI prints it and exits with 2."""
