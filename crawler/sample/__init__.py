"""The sample portals of ``make demo``: a generator of reports and a loopback server that behaves like their CMS."""
