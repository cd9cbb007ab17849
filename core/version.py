"""The version of the plugin and of its engine; `metadata.txt` carries the same (a test compares them)."""

__version__ = "0.1.0"
