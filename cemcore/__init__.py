"""cemcore joins what a telecom network knows with what its customers feel."""

from __future__ import annotations

from typing import Any

__all__ = ["Cem", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load the face on first use, so that `import cemcore` stays light."""
    if name == "Cem":
        from cemcore.application import Cem

        return Cem
    raise AttributeError(f"module 'cemcore' has no attribute {name!r}")
