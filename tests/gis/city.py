"""A city's own GIS on a loopback address: the same features by WFS, OGC API - Features and ArcGIS, page by page."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from shapely.geometry import mapping

from tests.fetching.server import Answered, Asked

Feature = tuple[str, dict[str, Any], Any]
JSON = {"Content-Type": "application/json"}
XML = {"Content-Type": "text/xml"}


def bins(count: int, west: float = 21.71) -> list[Feature]:
    """So many points in a row in the municipality `here`, in longitude and latitude."""
    return [(f"B{n}", {"key": f"B{n}", "size": n % 3}, shapely.Point(west + n / 10_000, 40.25)) for n in range(count)]


def feature(row: Feature, **more: Any) -> dict[str, Any]:
    _, attributes, shape = row
    return {"type": "Feature", "properties": attributes, "geometry": mapping(shape)} | more


def collection(rows: Sequence[Feature], **more: Any) -> bytes:
    """GeoJSON."""
    return json.dumps({"type": "FeatureCollection", "features": [feature(row) for row in rows]} | more).encode()


def answered(content: Any, status: int = 200, **headers: str) -> Answered:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Answered(body, status, JSON | headers)


Change = Callable[[Asked, Answered], Answered | None]


@dataclass
class City:
    """What it has, how many it gives at once, and how it may be out of order.

    `change` may put another answer in the place of one; `offers` are the formats of its WFS; `counts` False: it does
    not know how many there are; `turns` False: it ignores which page was asked for.
    """

    rows: list[Feature]
    most: int = 2
    offers: Sequence[str] = ("application/gml+xml; version=3.2", "application/json")
    counts: bool = True
    turns: bool = True
    change: Change | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Answered:
        if asked.path.startswith("/wfs"):
            found = self.wfs(asked)
        elif "/collections/" in asked.path:
            found = self.items(asked)
        elif "/FeatureServer/0" in asked.path:
            found = self.arcgis(asked)
        else:
            found = Answered(collection(self.rows))
        return (self.change and self.change(asked, found)) or found

    # --- WFS

    def wfs(self, asked: Asked) -> Answered:
        query = {name.lower(): value for name, value in asked.query.items()}
        newer = query["version"] == "2.0.0"
        if query["request"] == "GetCapabilities":
            return Answered(self.capabilities(newer), headers=XML)
        if query.get("typenames" if newer else "typename") != "city:bins":
            return Answered(report("No such type"), headers=XML)
        total = str(len(self.rows)) if self.counts else "unknown"
        if query.get("resulttype") == "hits":
            return Answered(gml([], "numberMatched" if newer else "numberOfFeatures", total), headers=XML)
        begin = int(query.get("startindex", 0)) if self.turns else 0
        asked_for = int(query.get("count" if newer else "maxfeatures", 10**6))
        some = self.rows[begin:][: min(asked_for, self.most)]
        if "json" in query.get("outputformat", ""):
            return Answered(collection(some, numberReturned=len(some)), headers=JSON)
        return Answered(gml(some, "numberMatched", total), headers=XML)

    def capabilities(self, newer: bool) -> bytes:
        values = "".join(f"<ows:Value>{text}</ows:Value>" for text in self.offers)
        values = f"<ows:AllowedValues>{values}</ows:AllowedValues>" if newer else values
        return (
            '<wfs:WFS_Capabilities xmlns:wfs="w" xmlns:ows="o"><ows:Operation name="GetFeature">'
            f'<ows:Parameter name="outputFormat">{values}</ows:Parameter></ows:Operation></wfs:WFS_Capabilities>'
        ).encode()

    # --- OGC API

    def items(self, asked: Asked) -> Answered:
        begin = int(asked.query.get("offset", 0)) if self.turns else 0
        some = self.rows[begin : begin + min(self.most, int(asked.query["limit"]))]
        links: list[dict[str, str]] = [{"rel": "self", "href": "x"}, {"rel": "next", "type": "text/html", "href": "h"}]
        if begin + len(some) < len(self.rows):
            following = f"items?limit={asked.query['limit']}&offset={begin + len(some)}"
            links.append({"rel": "next", "type": "application/geo+json", "href": following})
        counted = {"numberMatched": len(self.rows)} if self.counts else {}
        features = [{**feature(row), "id": row[0]} for row in some]
        content = {"type": "FeatureCollection", "features": features, "links": links, "numberReturned": len(some)}
        return answered(content | counted)

    # --- ArcGIS

    def arcgis(self, asked: Asked) -> Answered:
        if not asked.path.endswith("/query"):
            usual = {"maxRecordCount": self.most, "supportedQueryFormats": "JSON, geoJSON, PBF"}
            return answered(usual | dict(self.about))
        if asked.query.get("returnIdsOnly") == "true":
            return answered({"objectIdFieldName": "OBJECTID", "objectIds": [n + 1 for n in range(len(self.rows))]})
        wanted = {int(one) for one in asked.query["objectIds"].split(",")}
        some = [(n + 1, row) for n, row in enumerate(self.rows) if n + 1 in wanted][: self.most]
        features = [feature((row[0], {"OBJECTID": number} | row[1], row[2]), id=number) for number, row in some]
        cut = {"properties": {"exceededTransferLimit": True}} if len(some) < len(wanted) else {}
        return answered({"type": "FeatureCollection", "features": features} | cut)


def report(text: str) -> bytes:
    """What a WFS says of a fault, with 200."""
    return (
        '<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1"><ows:Exception exceptionCode="NoApplicableCode">'
        f"<ows:ExceptionText>{text}</ows:ExceptionText></ows:Exception></ows:ExceptionReport>"
    ).encode()


def gml(rows: Sequence[Feature], counted: str, total: str, schema: str = "") -> bytes:
    """Points as GML 3.2, latitude first, as the CRS wants it."""
    members = "".join(
        f'<wfs:member><c:bins gml:id="bins.{key}"><c:key>{key}</c:key><c:size>{attributes["size"]}</c:size><c:geom>'
        f'<gml:Point gml:id="g.{key}" srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>{shape.y} {shape.x}</gml:pos>'
        "</gml:Point></c:geom></c:bins></wfs:member>"
        for key, attributes, shape in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" '
        'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:c="http://c" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" {schema} {counted}="{total}" '
        f'numberReturned="{len(rows)}">{members}</wfs:FeatureCollection>'
    ).encode()
