"""What of a report may be seen by everybody, as its category says: at once, after a first staff look, or never."""

from service.reports.catalogue import Category
from service.reports.models import Report

AT_ONCE, AFTER_LOOK, NEVER = "at_once", "after_look", "never"


def show_at_first(report: Report, category: Category) -> None:
    """What everybody may see before anybody of the staff has looked."""
    report.private = category.private
    report.on_map = not category.private and category.show_place == AT_ONCE
    report.text_public = not category.private and category.show_text == AT_ONCE
    report.photos_public = not category.private and category.show_photo == AT_ONCE


def show_after_look(report: Report, category: Category, text: bool, photos: bool, place: bool) -> None:
    """What everybody may see from now on: what staff allow and the category does not keep to itself."""
    report.on_map = place and not category.private and category.show_place != NEVER
    report.text_public = text and not category.private and category.show_text != NEVER
    report.photos_public = photos and not category.private and category.show_photo != NEVER
