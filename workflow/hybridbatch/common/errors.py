"""The one error that users are meant to read."""


class HybridBatchError(Exception):
    """Bad input. The message is one line: the file, the row or key, and the remedy."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
