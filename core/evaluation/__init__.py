"""Confusion matrix, metrics and reports, without torch."""
