"""What goes into the files of a result."""

from dataclasses import dataclass
from datetime import datetime

from service.consultation.results.charting import Chart
from service.consultation.results.tabulating import Table


@dataclass(frozen=True)
class Published:
    """What goes into a file: the table, the graphs, the lines about who took part, who publishes it and when."""

    table: Table
    charts: tuple[Chart, ...]
    lines: tuple[str, ...]
    publisher: str
    consultation: str
    closed_at: datetime
