"""What can go wrong for reasons the user can mend: each is printed as one message, without a stack trace."""

from __future__ import annotations


class ReproduceError(Exception):
    """The base of this package's errors; its text says what was received, what was expected and how to mend it."""


class ProtocolError(ReproduceError):
    """A protocol file is missing, malformed, or has an unknown, missing or ill-typed field."""


class DataError(ReproduceError):
    """A data set cannot be read as images in class folders."""


class LedgerError(ReproduceError):
    """A ledger cannot be read or written, or holds the rows of another experiment."""


class ReproduceWarning(UserWarning):
    """Something that a user should know, while nothing stops; shown as one line where a command runs."""


class WorkerError(ReproduceError):
    """A worker process died twice over the same job."""
