"""The stations an item passes, in order: attachments, extraction, checks, dataset."""
