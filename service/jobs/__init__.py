"""Work owed: a row says what, when and how far; any worker may take it up where another one died."""
