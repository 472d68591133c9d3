"""A feature type of a WFS 2.0 or 1.1: counted, then read page by page, as GeoJSON where it is offered, else as GML."""

from collections import Counter
from pathlib import Path
from typing import Any

from service.gis.content import Content
from service.gis.reading_xml import NotXml, root_of
from service.gis.sources.joining import Pages, features_in, read_collection
from service.gis.sources.visiting import Place, SourceBroken, SourceEmpty, Visit, object_in, quoted, with_query
from service.gis.unpacking import read_content

PAGE = 500
NEWEST = "2.0.0"
PREFERRED = ("application/json", "application/geo+json", "geojson")
ERRORS = ("ExceptionText", "ServiceException")
MEMBERS = ("member", "featureMember", "featureMembers")
GML_ID = "gml_id"


def read_wfs(visit: Visit, place: Place) -> Content:
    """All features of the type. Raises what `Visit.get` and `read_content` raise, SourceBroken, SourceEmpty."""
    ask = Asking(visit, place)
    matched = ask.matched()
    if matched == 0:
        raise SourceEmpty
    pages = Pages()
    while matched is None or pages.count < matched:
        page = ask.page(pages.count)
        if page is None:
            break
        pages.add(page)
    if len(pages.contents) > 1 and ask.matched() != matched:
        raise SourceBroken(reason="changed_meanwhile")
    return pages.all(matched)


class Asking:
    """How this server is asked for features of this type."""

    def __init__(self, visit: Visit, place: Place) -> None:
        self.visit, self.place = visit, place
        self.version = place.wanted.get("wfs_version") or NEWEST
        self.newer = self.version.startswith("2")
        self.format = self.json_format()

    def url(self, request: str, **values: Any) -> str:
        return with_query(self.place.url, service="WFS", version=self.version, request=request, **values)

    def features(self, **values: Any) -> str:
        names = "typeNames" if self.newer else "typeName"
        return self.url("GetFeature", **{names: self.place.wanted["type_name"]}, **values)

    def json_format(self) -> str | None:
        """What the server calls GeoJSON; None where it has none."""
        formats: list[str] = []

        def note(name: str, text: str) -> None:
            if name in ("Value", "Format") and "json" in text.lower() and "jsonp" not in text.lower():
                formats.append(text)

        _, path = self.visit.get(self.url("GetCapabilities"))
        name, _ = looked_into(path, note)
        if name != "WFS_Capabilities":
            raise SourceBroken(reason="no_features_answer")
        known = {text.lower(): text for text in reversed(formats)}
        return next((known[text] for text in PREFERRED if text in known), formats[0] if formats else None)

    def matched(self) -> int | None:
        """How many features there are; None where the server does not know."""
        _, path = self.visit.get(self.features(resultType="hits"))
        name, attributes = looked_into(path)
        said = attributes.get("numberMatched") or attributes.get("numberOfFeatures") or ""
        if name != "FeatureCollection" or not (said.isdecimal() or said == "unknown"):
            raise SourceBroken(reason="no_features_answer")
        return int(said) if said.isdecimal() and len(said) < 19 else None

    def page(self, begin: int) -> Content | None:
        """The features from this one on; None where there are none."""
        most = {"count" if self.newer else "maxFeatures": PAGE}
        begun = {"startIndex": begin} if begin else {}
        sorted_by = {"sortBy": self.place.wanted.get("sort_by")}
        url = self.features(**most, **begun, **sorted_by, outputFormat=self.format)
        _, path = self.visit.get(url)
        return self.page_of_json(path) if self.format else page_of_gml(path, self.place.key)

    def page_of_json(self, path: Path) -> Content | None:
        if path.read_bytes()[:100].lstrip().startswith(b"<"):
            looked_into(path)  # which knows what faults of a WFS look like
        found = object_in(path)
        return read_collection(found, path, self.place.key) if features_in(found) else None


def page_of_gml(path: Path, key: str | None) -> Content | None:
    """The features of a page; their `gml:id` is an attribute only where it is the key."""
    members: Counter[str] = Counter()

    def note(name: str, text: str) -> None:
        members[name] += 1

    name, _ = looked_into(path, note)
    if name != "FeatureCollection":
        raise SourceBroken(reason="no_features_answer")
    if not any(members[name] for name in MEMBERS):
        return None
    content = read_content(path.rename(path.with_suffix(".gml")))
    if key == GML_ID:
        return content
    records = [{name: value for name, value in record.items() if name != GML_ID} for record in content.records]
    return Content([name for name in content.names if name != GML_ID], records, content.geometries, content.crs)


def looked_into(path: Path, each: Any = None) -> tuple[str, dict[str, str]]:
    """The root of an answer and its attributes. Raises SourceBroken, with what the server says of a fault."""
    said: list[str] = []

    def note(name: str, text: str) -> None:
        if name in ERRORS:
            said.append(text)
        if each is not None:
            each(name, text)

    try:
        name, attributes = root_of(path, note)
    except NotXml as fault:
        raise SourceBroken(reason=str(fault)) from None
    if name in ("ExceptionReport", "ServiceExceptionReport"):
        raise SourceBroken(reason="error_answer", said=quoted(" ".join(said)))
    return name, attributes
