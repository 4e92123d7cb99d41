"""How the ledger's tables came to be what they are, one file a version; run by `crawler.dataset.upgrading`."""
