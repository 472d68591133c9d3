"""Back up, restore and move what a deployment keeps: its database and its files, while it serves.

The order of writing is what makes it consistent. A file is kept before its row is written, and a row is deleted
before its files; so files that are copied after a snapshot of the rows are at least those that the rows name, but for
the few that were deleted in between, which are noted.
"""
