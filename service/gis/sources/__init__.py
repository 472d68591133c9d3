"""How a layer's source is asked for all of its features: a file, WFS, OGC API - Features, an ArcGIS layer."""
