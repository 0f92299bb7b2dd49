"""The version of this package: what a run says wrote it."""

VERSION = "0.2.0"
