"""What a person wants to be told, by which channel, when, and about which places."""
