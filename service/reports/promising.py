"""By when a report should be solved: the category's target in the working hours of its department."""

from datetime import datetime

from service.municipalities.directory import Department
from service.reports.catalogue import Category
from service.reports.models import Report


def promise(report: Report, category: Category, department: Department, at: datetime) -> None:
    """Promise anew from this moment."""
    report.promised_at = department.calendar.add_working_seconds(at, int(category.target_hours * 3600))
    report.seconds_left = None


def stop_clock(report: Report, department: Department, at: datetime) -> None:
    """Remember how much working time was left (less than nothing when late); nothing is promised meanwhile."""
    if report.promised_at is not None:
        report.seconds_left = department.calendar.working_seconds_between(at, report.promised_at)
        report.promised_at = None


def start_clock(report: Report, department: Department, at: datetime) -> None:
    """Promise for when the time that was left has passed; what was late is late again at once."""
    if report.seconds_left is not None:
        report.promised_at = department.calendar.add_working_seconds(at, max(report.seconds_left, 0))
        report.seconds_left = None


def change_calendar(report: Report, before: Department, after: Department, at: datetime) -> None:
    """Another department takes over: the working time that was left counts in its own hours; what is late stays so."""
    if report.promised_at is not None and report.promised_at > at:
        stop_clock(report, before, at)
        start_clock(report, after, at)
