"""Handlers that tests register, and where they stand."""

import inspect
from collections.abc import Callable
from typing import Any


def place(function: Callable[..., Any]) -> str:
    code = inspect.unwrap(function).__code__
    return f"{code.co_filename}:{code.co_firstlineno}"


def hear(event: Any, ctx: Any) -> None:
    """Another handler."""


def greet(event: Any, ctx: Any) -> str:
    return "greeted"
