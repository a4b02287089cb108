"""Localisation over attribute combinations: which few of them explain that a KPI is off its forecast."""
