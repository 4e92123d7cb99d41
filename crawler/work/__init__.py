"""Many machines: the crawl, the reading and the publication as tasks of procrastinate, on the ledger's PostgreSQL.

Nothing of this is imported where one machine does all of the work by itself; see docs/workers.md.
"""
