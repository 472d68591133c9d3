"""Messages owed: written where the change is written, sent by a worker, at least once and under one display tag."""
