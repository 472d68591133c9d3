"""What stands on results, in files and graphs: names of tables, columns and measures."""

from collections.abc import Mapping

from service.text import N_

TABLE_NAMES: Mapping[str, str] = {
    "channel": N_("How people took part"),
    "district": N_("Who took part, by district"),
    "age": N_("Who took part, by age"),
}
CHANNELS: Mapping[str, str] = {"app": N_("In the app"), "paper": N_("On paper")}
STANCES: Mapping[str, str] = {
    "for": N_("For"),
    "against": N_("Against"),
    "neutral": N_("Neutral"),
}
UNKNOWN = N_("Not known")
HIDDEN = N_("not shown")
FEW_WORDS = N_("“Not shown” protects people: fewer than five, or what would tell of fewer than five.")
WHY: Mapping[str, str] = {
    "few": N_("There are too few people to show this without telling of single ones."),
    "not_known": N_("This is not known of those who took part."),
}
TOOK_PART: Mapping[str, str] = {
    "account": N_("People who took part: {count}, one ballot per account."),
    "installation": N_("People who took part: {count}, one ballot per installation of the app."),
    "contact": N_("People who took part: {count}, one ballot per address or number."),
    "person": N_("People who took part: {count}, one ballot per person."),
    "code": N_("People who took part: {count}, one ballot per code on paper."),
}
TALKED = N_(
    "Nobody voted here. Contributions: {contributions}, people who wrote: {authors}, who voted on them: {supporters}."
)
RATE = N_("That is {percent} % of the {eligible} who might have taken part (source: {source}).")
RATE_WITHOUT_SOURCE = N_("That is {percent} % of the {eligible} who might have taken part.")
RESULT = N_("Result")
DICTIONARY = N_("What the columns mean")
MORE = N_("And {count} more, which are in the files.")
WON = N_("chosen")
BALLOTS = N_("Valid answers: {valid}, blank: {blank}")
HEADS = (N_("Option or group"), N_("What was counted"), N_("Number"), N_("Remark"))
"""Of the columns of a table that is read."""
NOTES: dict[str, str] = {
    "few": N_("fewer than five people"),
    "unanimous": N_("all answered alike"),
    "not_known": UNKNOWN,
}
"""Remark → the same in words."""

COLUMNS: Mapping[str, str] = {
    "part": N_(
        "What the number is about: {participation} (all who took part), {question}, or a table of who took part: "
        "{channel}, {district}, {age}."
    ),
    "question": N_("The key of the question; empty where the number is of no question."),
    "question_text": N_("The question in the language of the file, where it has it."),
    "item": N_(
        "The key of the option, channel, district or age group; of two compared options both, the better first."
    ),
    "item_text": N_("The same in words."),
    "measure": N_("What was counted; see the list of measures."),
    "value": N_("The number. Empty where it is not shown."),
    "note": N_(
        "Remarks. {few}: not shown, or counted, of fewer than five people; {unanimous}: all answered alike; "
        "{not_known}: not known of those who took part; {too_many}: left out of this file, as there are very many, but "
        "in the file for checking the result; where all who took part are counted, one per what."
    ),
}
"""Column → what it means, in their order; with the words that stand in it in braces."""
TOO_MANY = "too_many"
CODES = ("participation", "question", "channel", "district", "age", "few", "unanimous", "not_known", TOO_MANY)
"""Words that stand in columns, the same in every language."""
MEASURES: Mapping[str, str] = {
    "participations": N_("How many took part."),
    "eligible": N_("How many might have taken part, as the municipality said beforehand."),
    "percent": N_("How many took part of a hundred who might have, with one decimal."),
    "contributions": N_("Contributions to the conversation."),
    "authors": N_("How many wrote contributions in the app."),
    "supporters": N_("How many voted on contributions of others."),
    "ballots": N_("Answers to the question, blank ones too."),
    "valid": N_("Valid answers."),
    "blank": N_("Blank answers."),
    "invalid": N_("Answers that were not valid."),
    "votes": N_("How many chose the option."),
    "sum": N_("Sum of the points of the option."),
    "scored": N_("How many gave the option points."),
    "median": N_("The middle one of the points, the lower of two."),
    "doubled_borda": N_("Borda's points, doubled so that they are whole numbers."),
    "won": N_("1: the option is chosen by the rule of the question."),
    "tied": N_("1: the option shares the last places with others."),
    "funded": N_("1: the option is paid for."),
    "funded_by_equal_shares": N_("1: the option would be paid for by equal shares, a second opinion."),
    "place": N_("Place in the order; options that are equal have the same."),
    "preferred": N_("How many put the first of two options above the second."),
    "people": N_("How many took part of this group."),
}
"""Measure → what it means."""
