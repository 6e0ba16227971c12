"""What the user can mend."""


class UserError(Exception):
    """Something the user can mend, said in one clear line: the CLI prints it and exits with 2."""
