"""Addresses that somebody has shown to be theirs, and the phones that join their account."""
