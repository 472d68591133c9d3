"""Who drafted plans and wrote reports on their progress is forgotten with their account; what they wrote stays."""

from sqlalchemy import update

from service.db import session
from service.plans.models import PlanChange, PlanVersion, ProgressReportRow


def forget_planner(account_id: int) -> None:
    """Nobody knows any more what this member of staff did. Inside `transaction()`."""
    for model in (PlanVersion, PlanChange, ProgressReportRow):
        mine = update(model).where(model.by_id == account_id).values(by_id=None)
        session.execute(mine.execution_options(synchronize_session=False))
