"""Benchmarks: `python -m bench` runs them all, each compares with a floor that is measured in the same run."""
