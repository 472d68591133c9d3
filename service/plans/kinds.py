"""The kinds and values of a plan, as tables that can be read aloud; the names are those of the municipalities' papers.

Where a paper says something that is in no table, the kind is `other` and the words stand in a text beside it.
"""

from typing import Literal

from service.text import N_

PlanKind = Literal[
    "strategic", "operational", "thematic", "municipal_development", "technical_programme", "funding_project"
]
PlanLinkKind = Literal["specifies_yearly", "implements", "aligned_with", "supersedes", "part_of_framework"]
ElementLinkKind = Literal["implements", "depends_on", "duplicates", "derived_from_contribution", "joint_with"]

BodyKind = Literal[
    "council",
    "executive_committee",
    "consultation_committee",
    "community_council",
    "department",
    "office",
    "deputy_mayoralty",
    "mayor",
    "administration",
    "legal_entity",
    "faction",
    "supervisory_authority",
    "ministry",
    "agency",
    "neighbour_municipality",
    "regional_body",
    "local_body",
    "expert_team",
    "residents_group",
    "company",
    "other",
]
TerritoryKind = Literal["municipality", "municipal_unit", "community", "district", "settlement", "site", "other"]
FundingKind = Literal[
    "eu", "national", "regional", "own_resources", "reciprocal_fees", "loan", "private", "donation", "mixed", "unknown"
]
MoneyRole = Literal["total", "grant", "own", "other", "budgeted", "committed", "paid", "forecast"]

ActionType = Literal["work", "study", "service", "supply", "land_purchase", "other"]
Continuity = Literal["new", "continuing"]
Priority = Literal["A", "B", "C"]
ActionStatus = Literal[
    "proposed",
    "planned",
    "mature",
    "tendering",
    "in_progress",
    "suspended",
    "completed",
    "cancelled",
    "rejected",
]
MilestoneStatus = Literal["planned", "reached", "missed", "cancelled"]

IndicatorKind = Literal["input", "output", "outcome", "impact"]
Measure = Literal["unit", "percentage", "nominal", "ordinal", "qualitative"]
Direction = Literal["up_is_better", "down_is_better", "keep"]
Aggregation = Literal["sum", "average", "weighted", "last", "none"]
FigureStatus = Literal["provisional", "final"]

DocumentKind = Literal[
    "plan",
    "summary",
    "decision",
    "questionnaire",
    "special_form",
    "letter",
    "recommendation",
    "minutes",
    "study",
    "report",
    "guide",
    "methodology",
    "press",
    "website",
    "other",
]
StageKind = Literal[
    "start",
    "questionnaire_design",
    "form_distribution",
    "staff_briefing",
    "self_assessment",
    "survey",
    "study",
    "as_is_survey",
    "meeting",
    "committee_session",
    "forum",
    "informal_consultation",
    "drafting",
    "recommendation",
    "executive_approval",
    "neighbour_letter",
    "public_consultation",
    "consultation_review",
    "committee_opinion",
    "council_approval",
    "council_adoption",
    "supervisory_approval",
    "publication",
    "yearly_programme",
    "monitoring",
    "mid_term_evaluation",
    "final_evaluation",
    "amendment",
    "press_conference",
    "completion",
    "other",
]
BodyRole = Literal[
    "responsible", "decides", "recommends", "gives_opinion", "contributes", "informed", "coordinates", "addressee"
]
DecisionKind = Literal[
    "start",
    "recommendation",
    "draft_approval",
    "approval",
    "adoption",
    "opinion",
    "supervisory_approval",
    "amendment",
    "withdrawal",
    "other",
]
Outcome = Literal["positive", "negative", "positive_with_conditions", "approved", "rejected", "noted"]

TargetRelation = Literal["direct", "indirect"]
OutputKind = Literal["product", "publication", "event", "training", "service", "other"]
RemarkKind = Literal["truncated", "withheld", "disagrees", "inferred", "translated", "other"]

EvaluationKind = Literal["ex_ante", "mid_term", "final", "thematic", "other"]
CriterionKind = Literal[
    "relevance",
    "coherence",
    "effectiveness",
    "efficiency",
    "quality",
    "impact",
    "sustainability",
    "accountability",
    "responsibility",
    "transparency",
    "participation",
    "agreement",
    "other",
]
AnswerKind = Literal["accepted", "accepted_in_part", "rejected", "deferred"]

STATUSES = {
    "proposed": N_("proposed"),
    "planned": N_("planned"),
    "mature": N_("ready to begin"),
    "tendering": N_("out to tender"),
    "in_progress": N_("under way"),
    "suspended": N_("suspended"),
    "completed": N_("completed"),
    "cancelled": N_("cancelled"),
    "rejected": N_("rejected"),
}
"""Status of an action → how it is told to people."""
