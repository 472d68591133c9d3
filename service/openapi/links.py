"""What can be done with an answer: which operation comes next, with which of its values."""

from typing import Any

Links = dict[str, dict[str, Any]]


def link(operation: str, description: str, body: Any = None, **parameters: str) -> dict[str, Any]:
    """A link; the parameters are JSON pointers into the answer, the municipality is that of the request."""
    made: dict[str, Any] = {
        "operationId": operation,
        "description": description,
        "parameters": {"municipality": "$request.path.municipality"}
        | {name: f"$response.body#{pointer}" for name, pointer in parameters.items()},
    }
    return made if body is None else made | {"requestBody": body}


def links_of_report(pointer: str) -> Links:
    """What its reporter, everybody and staff can do with the report whose id is there."""
    return {
        "Show": link("showReport", "Follow the report.", report=pointer),
        "MoveMine": link("moveMyReport", "Withdraw it, answer, reopen or agree, as its reporter.", report=pointer),
        "ShowToStaff": link("showReportToStaff", "See everything of it, as staff.", report=pointer),
        "Move": link("moveReport", "Move it, as staff.", report=pointer),
        "HandOver": link("handOverReport", "Hand it over, as staff.", report=pointer),
        "Assign": link("assignReport", "Say who has it in hand, as staff.", report=pointer),
        "Look": link("lookAtReport", "Decide what everybody may see of it, as staff.", report=pointer),
    }


FIRST_PHOTO = {
    "Photo": link("showPhoto", "Show its first photo.", report="/id", photo="/photos/0/id"),
}

LINKS: dict[str, Links] = {
    "sendPhoto": {
        "Report": {
            "operationId": "sendReport",
            "description": "Put the photo's `id` into `photos` of the report.",
            "parameters": {"municipality": "$request.path.municipality"},
        }
    },
    "sendReport": links_of_report("/id"),
    "sendReportWithPhotos": links_of_report("/id") | FIRST_PHOTO,
    "listMyReports": links_of_report("/reports/0/id")
    | {"NextPage": link("listMyReports", "The next page, where `next` is not null.", after="/next")},
    "listReportsOnMap": {
        "Show": link("showReport", "Show the first of them.", report="/features/0/id"),
        "NextPage": link("listReportsOnMap", "The next page, where `next` is not null.", after="/next"),
    },
    "listSimilarReports": {"Show": link("showReport", "Show the nearest.", report="/features/0/id")},
    "showReport": FIRST_PHOTO,
    "showReportToStaff": FIRST_PHOTO,
    "listQueue": links_of_report("/reports/0/id")
    | {"NextPage": link("listQueue", "The next page, where `next` is not null.", after="/next")},
    "moveReport": {"Again": link("moveReport", "Move it on.", report="/id")},
    "moveMyReport": {"Show": link("showReport", "Follow it.", report="/id")},
    "listInbox": {
        "Read": link("markRead", "Mark the newest message as read.", message="/messages/0/id"),
        "NextPage": link("listInbox", "The next page, where `next` is not null.", after="/next"),
    },
}
"""By operation, of its successful answer."""
