"""Evidence from the street: the reports of residents about an action of a plan, before and after it was completed."""
