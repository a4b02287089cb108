"""Answers of `Cem` as documents (one JSON form for every door), as tables for people, as CSV and Markdown."""

from cemcore.report.documents import (
    check_document,
    experience_document,
    explanation_document,
    frame_document,
    health_document,
    impact_document,
    impact_report_document,
    plugins_document,
    problem_document,
    problems_document,
    taken_document,
    verdict_document,
)
from cemcore.report.listing import (
    Listing,
    experience_listing,
    frame_listing,
    health_listing,
    impact_listing,
    problems_listing,
)
from cemcore.report.rank import rank
from cemcore.report.serialise import iso, to_json

__all__ = [
    "Listing",
    "check_document",
    "experience_document",
    "experience_listing",
    "explanation_document",
    "frame_document",
    "frame_listing",
    "health_document",
    "health_listing",
    "impact_document",
    "impact_listing",
    "impact_report_document",
    "iso",
    "plugins_document",
    "problem_document",
    "problems_document",
    "problems_listing",
    "rank",
    "taken_document",
    "to_json",
    "verdict_document",
]
