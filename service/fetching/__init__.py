"""Requests to addresses that somebody else has named: only to the public internet and to what the operator allows."""
