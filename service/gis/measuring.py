"""Metres on the WGS84 ellipsoid between points and geometries whose edges are straight in longitude and latitude.

The nearest point of an edge is found in a plane scaled by the ellipsoid's radii at the point. By that alone the
distance would be d³·tan²φ/(8R²) too long, two millimetres at ten kilometres, so the foot is moved once more along the
edge by the geodesic distances around it. The distance itself is always the geodesic one.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Geometries = NDArray[np.object_]
Numbers = Floats | float
Chosen = Integers | slice | int

WGS84 = Geod(ellps="WGS84")
RADIAN = np.pi / 180
EDGES_AT_ONCE = 2_000_000
ALONG_AN_EDGE = [((1 + at) / 2, share / 2) for at, share in zip(*np.polynomial.legendre.leggauss(5), strict=True)]
"""(which share of an edge lies before the point, what the point counts)."""
FEW = 8
"""So many edges are measured one by one in the time that arrays take to be made."""


def metres_per_degree(lat: Any) -> tuple[Any, Any]:
    """Metres that one degree of longitude and one of latitude measure at this latitude (degrees or array of them)."""
    sine = np.sin(lat * RADIAN)
    flat = 1 - WGS84.es * sine * sine
    across = WGS84.a / np.sqrt(flat) * np.cos(lat * RADIAN)
    along = WGS84.a * (1 - WGS84.es) / flat**1.5
    return across * RADIAN, along * RADIAN


def degrees_around(lat: Any, metres: float) -> tuple[Any, Any]:
    """Degrees of longitude and latitude that certainly reach this far from a point at this latitude."""
    south_north = metres / metres_per_degree(0.0)[1] * 1.0001 + 1e-9
    farthest = np.minimum(np.abs(lat) + south_north, 89.9)
    return metres / (WGS84.a * RADIAN * np.cos(farthest * RADIAN)) * 1.0001 + 1e-9, south_north


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges of many geometries, those of one geometry side by side; a point is an edge of no length.

    `first[i]` and `first[i + 1]` bound the edges of geometry i.
    """

    lon: Floats
    lat: Floats
    lon_step: Floats
    lat_step: Floats
    first: Integers

    @classmethod
    def of(cls, geometries: Geometries) -> "Edges":
        """The rings of polygons (holes too), the segments of lines, the points; collections are taken apart."""
        points, owners = _pieces(geometries)
        coordinates, piece = shapely.get_coordinates(points, return_index=True)
        begins = np.flatnonzero(piece[:-1] == piece[1:])
        alone = np.flatnonzero(np.bincount(piece, minlength=len(points))[piece] == 1)
        begin = np.concatenate([begins, alone])
        end = np.concatenate([begins + 1, alone])
        owner = owners[piece[begin]]
        order = np.argsort(owner, kind="stable")
        start, step = coordinates[begin][order], (coordinates[end] - coordinates[begin])[order]
        first = np.searchsorted(owner[order], np.arange(len(geometries) + 1))
        lon, lat, lon_step, lat_step = (np.ascontiguousarray(column) for column in (*start.T, *step.T))
        return cls(lon, lat, lon_step, lat_step, first)

    def metres(self, lon: Floats, lat: Floats, geometry: Integers) -> Floats:
        """From each point to the nearest edge of the geometry beside it: metres, right to a millimetre within 10 km.

        The three arrays are of one length; `geometry` counts from 0 in the order given to `of`.
        """
        counts = self.first[geometry + 1] - self.first[geometry]
        found = np.empty(len(lon))
        for part in parts(counts, EDGES_AT_ONCE):
            found[part] = self._metres(lon[part], lat[part], geometry[part], counts[part])
        return found

    def metres_from(self, lon: float, lat: float, geometry: int) -> float:
        """The same from one point to one geometry."""
        edges = slice(self.first[geometry], self.first[geometry + 1])
        share = self._foot(lon, lat, edges)
        rough = self._rough_metres(lon, lat, edges, share)
        close = np.flatnonzero(rough <= rough.min() * (1 + 1e-6) + 1e-3)
        if len(close) > FEW:
            return float(self.metres(np.array([lon]), np.array([lat]), np.array([geometry]))[0])
        return min(float(self._exact_metres(lon, lat, edges.start + edge, share[edge])) for edge in close)

    def _metres(self, lon: Floats, lat: Floats, geometry: Integers, counts: Integers) -> Floats:
        begins = np.cumsum(counts) - counts
        pair = np.repeat(np.arange(len(lon)), counts)
        edge = np.arange(len(pair)) + np.repeat(self.first[geometry] - begins, counts)
        share = self._foot(lon[pair], lat[pair], edge)
        rough = self._rough_metres(lon[pair], lat[pair], edge, share)
        nearest = np.minimum.reduceat(rough, begins)
        close = np.flatnonzero(rough <= (nearest * (1 + 1e-6) + 1e-3)[pair])
        pair, edge = pair[close], edge[close]
        exact = self._exact_metres(lon[pair], lat[pair], edge, share[close])
        begins = np.flatnonzero(np.diff(pair, prepend=-1))
        nearest = np.minimum.reduceat(exact, begins)
        return np.asarray(nearest, dtype=np.float64)

    def _foot(self, lon: Numbers, lat: Numbers, edge: Chosen) -> Floats:
        """Which share of the edge lies before the point nearest to ours, in the plane scaled at our point."""
        across, along = metres_per_degree(lat)
        x, y = (self.lon[edge] - lon) * across, (self.lat[edge] - lat) * along
        x_step, y_step = self.lon_step[edge] * across, self.lat_step[edge] * along
        length = x_step * x_step + y_step * y_step
        share = -(x * x_step + y * y_step) / np.where(length > 0, length, 1.0)
        return np.asarray(np.clip(share, 0.0, 1.0))

    def _rough_metres(self, lon: Numbers, lat: Numbers, edge: Chosen, share: Floats) -> Floats:
        """Metres by the radii at the latitude half-way: good to a millionth within 20 km, to tell near from far."""
        lon_step = self.lon[edge] + share * self.lon_step[edge] - lon
        lat_step = self.lat[edge] + share * self.lat_step[edge] - lat
        across, along = metres_per_degree(lat + lat_step / 2)
        return np.asarray(np.hypot(lon_step * across, lat_step * along))

    def _exact_metres(self, lon: Numbers, lat: Numbers, edge: Chosen, share: Numbers) -> Any:
        """Geodesic metres to the foot, after one step to the lowest point of the parabola through three of them."""
        across, along = metres_per_degree(lat)
        length = np.hypot(self.lon_step[edge] * across, self.lat_step[edge] * along)
        here = self._geodesic(lon, lat, edge, share)
        reach = (1 + here / 100) / np.where(length > 0, length, 1.0)
        before = self._geodesic(lon, lat, edge, share - reach) ** 2
        after = self._geodesic(lon, lat, edge, share + reach) ** 2
        bend = before - 2 * here**2 + after
        better = share + reach * (before - after) / 2 / np.where(bend > 0, bend, 1.0)
        share = np.where((length > 0) & (bend > 0), np.minimum(np.maximum(better, 0.0), 1.0), share)
        return np.minimum(here, self._geodesic(lon, lat, edge, share))

    def _geodesic(self, lon: Numbers, lat: Numbers, edge: Chosen, share: Numbers) -> Any:
        lon_there = self.lon[edge] + share * self.lon_step[edge]
        lat_there = self.lat[edge] + share * self.lat_step[edge]
        return WGS84.inv(lon, lat, lon_there, lat_there)[2]


def square_metres(geometries: Geometries) -> Floats:
    """The area of all polygons of each geometry.

    A strip between an edge and the equator is integrated along the edge: of the ellipsoid's closed form of the area
    south of a latitude, by five points of Gauss and Legendre, which is right to a millionth of a square metre.
    """
    count = len(geometries)
    geometries, owners = _members(geometries)
    areas = shapely.get_type_id(geometries) == 3
    rings, polygon = shapely.get_rings(geometries[areas], return_index=True)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    begins = np.flatnonzero(ring[:-1] == ring[1:])
    (lon, lat), (lon_there, lat_there) = (coordinates[begins] * RADIAN).T, (coordinates[begins + 1] * RADIAN).T
    strips = sum(share * _area_south_of(lat + at * (lat_there - lat)) for at, share in ALONG_AN_EDGE)
    sizes = np.abs(np.bincount(ring[begins], strips * (lon_there - lon), len(rings)))
    outer = np.diff(polygon, prepend=-1) > 0
    owner: Integers = owners[areas][polygon]
    return np.asarray(np.bincount(owner, np.where(outer, sizes, -sizes), count), dtype=np.float64)


def _area_south_of(lat: Floats) -> Floats:
    """Square metres between the equator and a latitude (radians), for each radian of longitude."""
    sine, eccentricity = np.sin(lat), WGS84.es**0.5
    return np.asarray(
        WGS84.b**2 / 2 * (sine / (1 - WGS84.es * sine**2) + np.arctanh(eccentricity * sine) / eccentricity)
    )


def _pieces(geometries: Geometries) -> tuple[Geometries, Integers]:
    """Rings, lines and points, and to which of the geometries each belongs."""
    geometries, owners = _members(geometries)
    areas = shapely.get_type_id(geometries) == 3
    rings, index = shapely.get_rings(geometries[areas], return_index=True)
    return np.concatenate([rings, geometries[~areas]]), np.concatenate([owners[areas][index], owners[~areas]])


def _members(geometries: Geometries) -> tuple[Geometries, Integers]:
    """Polygons, lines and points, collections taken apart, and to which of the geometries each belongs."""
    owners = np.arange(len(geometries))
    while np.any(shapely.get_type_id(geometries) > 3):
        geometries, index = shapely.get_parts(geometries, return_index=True)
        owners = owners[index]
    return geometries, owners


def parts(sizes: Any, most: int) -> list[slice]:
    """Cut things of these sizes so that no part is much larger than `most`."""
    share = np.cumsum(sizes) // most
    cuts = [0, *(np.flatnonzero(np.diff(share)) + 1).tolist(), len(sizes)]
    return [slice(begin, end) for begin, end in pairwise(cuts) if begin < end]
