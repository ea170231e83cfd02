"""gameday: rehearse production incidents on staging, and grade the rehearsal with evidence."""

__version__ = "0.1.0"
