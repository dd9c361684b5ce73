"""The version, where the build and ``chat --version`` both read it without importing anything."""

__version__ = "0.1.0"
