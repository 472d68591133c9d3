"""Notices of the municipality's office: composed, approved, sent, cancelled, corrected, counted."""
