"""A layer of an ArcGIS FeatureServer or MapServer: the ids of all features, then the features by their ids.

So nothing depends on how the server turns pages, and what a server leaves out because it is too much is noticed.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from service.gis.content import Content
from service.gis.sources.joining import Pages, attributes_of, features_in, read_collection
from service.gis.sources.visiting import MOST_FEATURES, Place, SourceBroken, SourceEmpty, Visit, quoted, with_query

PAGE = 500
ALL = {"where": "1=1", "f": "json", "returnIdsOnly": "true"}
FEATURES = {"outFields": "*", "returnGeometry": "true", "outSR": "4326", "f": "geojson"}


def read_arcgis(visit: Visit, place: Place) -> Content:
    """All features of the layer. Raises what `Visit.json` and `read_content` raise, SourceBroken, SourceEmpty."""
    about, *_ = visit.json(with_query(place.url, f="json"))
    refuse_error(about)
    if "geojson" not in str(about.get("supportedQueryFormats", "geojson")).lower():
        raise SourceBroken(reason="no_geojson")
    query = query_of(place.url)
    ids, name = ids_of(visit, query)
    most = about.get("maxRecordCount")
    pages = Pages()
    for some in parts(ids, min(PAGE, most) if isinstance(most, int) and most > 0 else PAGE):
        found, _, path = visit.json(query, form=FEATURES | {"objectIds": ",".join(map(str, some))})
        refuse_error(found)
        refuse_missing(found, some, name)
        pages.add(read_collection(found, path, place.key or name))
    return pages.all(len(ids))


def query_of(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/query"))


def ids_of(visit: Visit, query: str) -> tuple[list[int], str]:
    """The ids of all features, and the attribute that has them. Raises SourceBroken, SourceEmpty."""
    found, *_ = visit.json(query, form=ALL)
    refuse_error(found)
    ids = found.get("objectIds")
    if ids is None or ids == []:
        raise SourceEmpty
    if not isinstance(ids, list) or not all(isinstance(one, int) for one in ids) or len(set(ids)) < len(ids):
        raise SourceBroken(reason="no_features_answer")
    if len(ids) > MOST_FEATURES:
        raise SourceBroken(reason="too_many_features", most=MOST_FEATURES)
    return sorted(ids), str(found.get("objectIdFieldName") or "OBJECTID")


def parts(ids: list[int], most: int) -> Iterator[list[int]]:
    return (ids[begin : begin + most] for begin in range(0, len(ids), most))


def refuse_missing(found: dict[str, Any], asked: list[int], name: str) -> None:
    """Raises SourceBroken."""
    got = {str(attributes_of(feature).get(name, feature.get("id"))) for feature in features_in(found)}
    about = found.get("properties")
    cut = found.get("exceededTransferLimit") or (isinstance(about, dict) and about.get("exceededTransferLimit"))
    if cut or got != set(map(str, asked)):
        raise SourceBroken(reason="truncated", expected=len(asked), got=len(got))


def refuse_error(found: dict[str, Any]) -> None:
    """ArcGIS answers 200 to everything. Raises SourceBroken."""
    if "error" in found:
        error = found["error"]
        said = error.get("message") if isinstance(error, dict) else error
        raise SourceBroken(reason="error_answer", said=quoted(said))
