"""A file under a URL, of any kind that can be uploaded; not loaded again while it is the same."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from service.fetching.fetching import Answer
from service.gis.content import Content, FileRefused
from service.gis.importing import sha256_of
from service.gis.sources.visiting import LARGEST_VISIT, Place, Visit
from service.gis.unpacking import KINDS_OF_FILE, read_content

LONGEST_HEADER = 500
KIND_OF_TYPE = {
    "application/geo+json": ".geojson",
    "application/json": ".json",
    "application/geopackage+sqlite3": ".gpkg",
    "application/zip": ".zip",
    "application/x-zip-compressed": ".zip",
    "application/vnd.google-earth.kml+xml": ".kml",
    "application/gml+xml": ".gml",
    "text/csv": ".csv",
}


@dataclass(frozen=True)
class Found:
    """What a source has; `content` None where it is what was read last."""

    content: Content | None
    digest: str | None
    etag: str | None = None
    last_modified: str | None = None


def read_file(visit: Visit, place: Place) -> Found:
    """What the file says. Raises what `Visit.get` and `read_content` raise."""
    asked = {"If-None-Match": place.etag, "If-Modified-Since": place.last_modified}
    headers = {name: value for name, value in asked.items() if value}
    answer, path = visit.get(place.url, headers, most=LARGEST_VISIT)
    if answer.status == 304:
        return Found(None, place.digest, place.etag, place.last_modified)
    digest = sha256_of(path)
    state = digest, kept(answer.headers.get("etag")), kept(answer.headers.get("last-modified"))
    if digest == place.digest:
        return Found(None, *state)
    wanted = place.wanted
    named = path.rename(path.with_suffix(kind_of(answer, place)))
    columns = wanted.get("longitude"), wanted.get("latitude")
    return Found(read_content(named, wanted.get("layer_name"), wanted.get("encoding"), columns), *state)


def kept(header: str | None) -> str | None:
    """A header that can be sent back, None where it cannot."""
    return header if header and len(header) <= LONGEST_HEADER and header.isascii() and header.isprintable() else None


def kind_of(answer: Answer, place: Place) -> str:
    """The ending that a file of this kind has. Raises FileRefused."""
    if named := place.wanted.get("file_kind"):
        return str(named)
    for url in (answer.url, place.url):
        suffix = PurePosixPath(unquote(urlsplit(url).path)).suffix.lower()
        if suffix in KINDS_OF_FILE:
            return suffix
    told = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if told not in KIND_OF_TYPE:
        raise FileRefused(reason="kind", kinds=list(KINDS_OF_FILE))
    return KIND_OF_TYPE[told]
