"""Staff: how they are invited, sign in with two steps, and are administered."""
