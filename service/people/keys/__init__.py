"""API keys: how other programs call, with less than a person may do and limits of their own."""
