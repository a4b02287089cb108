"""The impact report as pages, figures and time lines: HTML and SVG that run and load nothing."""

from cemcore.report.html.card import Drawn, card
from cemcore.report.html.figure import figure
from cemcore.report.html.page import page, problem_page, report_page, resources_page
from cemcore.report.html.timeline import time_line

__all__ = ["Drawn", "card", "figure", "page", "problem_page", "report_page", "resources_page", "time_line"]
