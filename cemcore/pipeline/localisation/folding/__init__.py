"""Folding: alarm storms under the top that explains them, clocks corrected, flapping damped, noise told."""

from cemcore.pipeline.localisation.folding.fold import CLASSES, FoldingState, fold, fold_lines
from cemcore.pipeline.localisation.folding.folded import Folded, Group, Standing

__all__ = ["CLASSES", "Folded", "FoldingState", "Group", "Standing", "fold", "fold_lines"]
