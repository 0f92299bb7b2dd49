"""The version of this package: what a run says wrote it."""

__version__ = "0.1.0"
