"""The map and the public reports as OGC API Features, for QGIS, GDAL and their like: read them, edit a draft."""
