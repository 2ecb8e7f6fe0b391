"""`tf.errors`: the exceptions that stand here for those of TensorFlow, for the `except` clauses of scripts."""

from __future__ import annotations

from gradmill import errors

ERRORS: dict[str, type] = {
    "AlreadyExistsError": FileExistsError,
    "DataLossError": errors.DamagedFileError,
    "DeadlineExceededError": TimeoutError,
    "FailedPreconditionError": errors.ArgumentError,
    "InternalError": errors.InternalError,
    "InvalidArgumentError": errors.GradMillError,
    "NotFoundError": FileNotFoundError,
    "OpError": errors.GradMillError,
    "OutOfRangeError": StopIteration,
    "PermissionDeniedError": PermissionError,
    "ResourceExhaustedError": MemoryError,
    "UnavailableError": ConnectionError,
    "UnimplementedError": errors.UnsupportedError,
    "UnknownError": errors.InternalError,
}
