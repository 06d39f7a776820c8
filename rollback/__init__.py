"""Deploy release tags to plain Linux hosts, verify them, and put the last known-good release back."""

__version__ = "0.1.0"
