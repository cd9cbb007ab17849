"""Comparisons: methods x sources x seeds x folds in one run, and the tables of what they reached."""
