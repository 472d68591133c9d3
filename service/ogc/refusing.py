"""What is refused of a query."""

from service.errors import Problem
from service.text import N_


class QueryNotValid(Problem):
    """A parameter of the query cannot be used: `parameter` names it, `reason` says why."""

    status, code, message = 400, "query_not_valid", N_("A parameter of this query cannot be used.")
