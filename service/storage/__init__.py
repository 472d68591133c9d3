"""Files kept: a folder or an S3-compatible store, by one URL."""
