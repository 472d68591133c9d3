"""Photos: prepared before they are kept, attached to what they belong to, swept when nobody names them."""
