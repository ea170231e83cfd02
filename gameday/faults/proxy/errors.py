"""What the API answers when it says no: the table of messages and their HTTP status."""

from __future__ import annotations

from enum import Enum
from typing import Any


class Reason(Enum):
    """Every refusal of the API, in the words that Toxiproxy's clients know."""

    BAD_BODY = ("bad request body", 400)
    MISSING_FIELD = ("missing required field", 400)
    INVALID_STREAM = ("stream was invalid, can be either upstream or downstream", 400)
    INVALID_TYPE = ("invalid toxic type", 400)
    NO_PROXY = ("proxy not found", 404)
    NO_TOXIC = ("toxic not found", 404)
    PROXY_EXISTS = ("proxy already exists", 409)
    TOXIC_EXISTS = ("toxic already exists", 409)
    CANNOT_LISTEN = ("listen tcp", 500)


class ApiError(Exception):
    """A request that was refused; nothing was changed by it unless its method says so."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        words, self.status = reason.value
        self.message = f"{words}: {detail}" if detail else words
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """``{"error": ..., "status": ...}``."""
        return {"error": self.message, "status": self.status}
