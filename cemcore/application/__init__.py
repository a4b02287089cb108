"""Opens, holds, sequences; decides nothing numeric."""

from cemcore.application.cem import Cem

__all__ = ["Cem"]
