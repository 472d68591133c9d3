"""Geometries for property tests: small, in the south-east of Europe, on a grid fine enough to be interesting."""

from typing import Any

import shapely
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

GRID = 8192  # steps in a degree, about ten metres each; a power of two, so that every position is exact


def _coordinate(low: float, high: float) -> st.SearchStrategy[float]:
    return st.integers(round(low * GRID), round(high * GRID)).map(lambda steps: steps / GRID)


def positions() -> st.SearchStrategy[tuple[float, float]]:
    """(longitude, latitude) in a square of a tenth of a degree."""
    return st.tuples(_coordinate(23.7, 23.8), _coordinate(37.9, 38.0))


def points() -> st.SearchStrategy[shapely.Point]:
    """Single points."""
    return positions().map(shapely.Point)


def lines() -> st.SearchStrategy[shapely.LineString]:
    """Lines of two to six different positions; they may cross themselves."""
    return st.lists(positions(), min_size=2, max_size=6, unique=True).map(shapely.LineString)


def polygons() -> st.SearchStrategy[shapely.Polygon]:
    """Valid polygons: the hulls of four to seven positions that span an area."""
    hulls = st.lists(positions(), min_size=4, max_size=7, unique=True).map(
        lambda all_: shapely.MultiPoint(all_).convex_hull
    )
    return hulls.filter(lambda hull: hull.geom_type == "Polygon" and hull.area > 1e-7).map(_as_polygon)


def geometries() -> st.SearchStrategy[BaseGeometry]:
    """Any type that a column may hold, except collections."""
    simple = st.one_of(points(), lines(), polygons())
    return st.one_of(
        simple,
        st.lists(points(), min_size=1, max_size=4).map(shapely.MultiPoint),
        st.lists(lines(), min_size=1, max_size=2).map(shapely.MultiLineString),
        st.lists(polygons(), min_size=1, max_size=2).map(shapely.MultiPolygon).filter(_is_valid),
    )


def collections() -> st.SearchStrategy[BaseGeometry]:
    """Geometry collections, in the order of types in which SpatiaLite keeps them."""
    parts = st.tuples(points(), lines(), polygons())
    return parts.map(shapely.GeometryCollection)


def _is_valid(geometry: BaseGeometry) -> bool:
    return bool(geometry.is_valid)


def _as_polygon(hull: Any) -> shapely.Polygon:
    return shapely.Polygon(hull)
