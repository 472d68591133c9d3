"""What lies where: layers, their published versions and features; the boundary; which features are here."""
