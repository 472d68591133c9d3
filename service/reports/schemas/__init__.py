"""Reports in JSON: what comes in, with its limits, and what goes out."""
