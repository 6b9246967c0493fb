"""What keeps a machine from starting, told as one sentence: what is wrong; how to mend it."""


class CannotRun(Exception):
    """Shown to the user as it is."""
