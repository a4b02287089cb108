"""cemcore joins what a telecom network knows with what its customers feel."""

from __future__ import annotations

from typing import Any

__all__ = ["Cem", "__version__", "localise_attributes", "rank_causes"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load the face on first use, so that `import cemcore` stays light."""
    if name == "Cem":
        from cemcore.application import Cem

        return Cem
    if name == "localise_attributes":
        from cemcore.pipeline.localisation.attributes.face import localise_attributes

        return localise_attributes
    if name == "rank_causes":
        from cemcore.pipeline.localisation.vitals.ranking import rank_causes

        return rank_causes
    raise AttributeError(f"module 'cemcore' has no attribute {name!r}")
