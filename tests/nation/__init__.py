"""A nation of portals on loopback, against which the crawler is proved: ``python -m tests.nation.server --help``."""
