"""Everything that one answer becomes, in the order in which it is written."""

from __future__ import annotations

from collections.abc import Callable

from mappers.lossless import Json
from mappers.recommendations import Plan
from mappers.recommendations_to_careplan.careplan import careplan
from mappers.recommendations_to_careplan.derived import derived_observation
from mappers.recommendations_to_careplan.detected_issue import detected_issue
from mappers.recommendations_to_careplan.drafts import draft
from mappers.recommendations_to_careplan.genomic import implication_observation, phenotype_observation
from mappers.recommendations_to_careplan.goal import goal
from mappers.recommendations_to_careplan.scored import scored_resource
from mappers.recommendations_to_careplan.trend import trend_observation
from mappers.recommendations_to_careplan.writer import Writer


def resources(plan: Plan, patient: str, ident: Callable[[str, str], str]) -> tuple[dict[str, Json], ...]:
    """CarePlan, its drafts, Goals, Observations, RiskAssessments and DetectedIssues of this pseudonym."""
    writer = Writer(plan, f"Patient/{patient}", ident)
    return (
        careplan(writer),
        *(draft(writer, activity) for activity in plan.activities),
        *(goal(writer, target) for target in plan.targets),
        *(derived_observation(writer, derived) for derived in plan.derived),
        *(scored_resource(writer, scored) for scored in plan.scores),
        *(trend_observation(writer, trend) for trend in plan.trends),
        *(phenotype_observation(writer, one) for one in plan.phenotypes),
        *(implication_observation(writer, one) for one in plan.implications),
        *(detected_issue(writer, issue) for issue in plan.issues),
    )
