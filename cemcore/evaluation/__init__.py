"""Predicted incidents against a known truth: were they found, when, with which cause, and for whom."""

from cemcore.evaluation.evaluate import evaluate
from cemcore.evaluation.predictions import load_predictions, write_predictions
from cemcore.evaluation.scores import Scores

__all__ = ["Scores", "evaluate", "load_predictions", "write_predictions"]
