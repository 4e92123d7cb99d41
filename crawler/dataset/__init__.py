"""WHAT is kept: organisations, versions, the ledger, exporters, publishing."""
