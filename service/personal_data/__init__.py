"""What is held about a person, over all slices: handed out to them, erased, and erased again after a restore."""
