"""What people are told before they take part: who may, how often, who can see what, and what cannot be promised."""

from collections.abc import Mapping

from service.text import N_

ANYONE, INSTALLATION, CONTACT, RESIDENT, CODE = "anyone", "installation", "contact", "resident", "code"
OPEN, PSEUDONYMOUS, SECRET = "open", "pseudonymous", "secret"

ELIGIBILITY: Mapping[str, str] = {
    ANYONE: N_("Everybody who uses the app may take part: one ballot per account."),
    INSTALLATION: N_(
        "Everybody with a phone that has the app may take part: one ballot per installation of the app. "
        "Who installs it again can vote again."
    ),
    CONTACT: N_(
        "Everybody with a confirmed e-mail address or number may take part: one ballot per address or number. Who has "
        "several can vote several times."
    ),
    RESIDENT: N_("Everybody who was shown to live here may take part: one ballot per person."),
    CODE: N_("Everybody who was given a code on paper may take part: one ballot per code."),
}
"""Who may take part → what is said of it, with its unit of uniqueness."""

DISTRICTS = N_("Only people who live in: {districts}.")
AGES_BETWEEN = N_("Only people who are {youngest} to {oldest} years old on 31 December {year}.")
AGES_FROM = N_("Only people who are at least {youngest} years old on 31 December {year}.")
AGES_TO = N_("Only people who are at most {oldest} years old on 31 December {year}.")
BOTH_KNOWN = N_("The service knows district and year of birth from when it was shown that you live here.")
GROUPS_KEPT = N_(
    "Until the result is out your district and your age group are kept together with the fact that you took part, for "
    "published numbers of five people or more."
)

UNITS: Mapping[str, str] = {
    ANYONE: "account",
    INSTALLATION: "installation",
    CONTACT: "contact",
    RESIDENT: "person",
    CODE: "code",
}
"""Who may take part → one per what."""

SECRECY: Mapping[str, str] = {
    OPEN: N_("This vote is open: when it is over, everybody can see who answered what."),
    PSEUDONYMOUS: N_("Your name is not shown, but the service knows which answers are yours."),
    SECRET: N_("This vote is secret: that you took part and what you answered are kept apart."),
}

READABLE = N_("Whoever can read the database or a backup of it can read answers before the end.")

LIMITS: Mapping[str, tuple[str, ...]] = {
    OPEN: (READABLE,),
    PSEUDONYMOUS: (N_("Who runs the server could find out what you answered."), READABLE),
    SECRET: (
        N_(
            "Who runs the server and watches it while votes arrive could still link you and your ballot; so could who "
            "reads the order of rows, transaction numbers or backups made while voting is open."
        ),
        READABLE,
        N_("Only your phone has the key with which you can change your vote: if it is lost, your vote stays as it is."),
        N_("If you change some of your answers, others may guess after the end that these came from one person."),
        N_("After the end whoever sees your receipt sees what you answered. Show it to nobody whom you do not trust."),
    ),
}
"""What cannot be promised, in the words that are shown where people vote."""

HIDDEN = N_("The service shows results to nobody before the end, not even to those who run the consultation.")
