"""Where the documents are kept as they came: in a folder, or in a bucket of an S3-compatible object store."""
