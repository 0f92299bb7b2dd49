"""The version of this package: what a run says wrote it."""

VERSION = "0.1.0"
