"""A notice that is prepared as a page, for who has its link and no account: its texts, and how phones show them."""

from collections.abc import Mapping
from html import escape

from babel import Locale

from service.municipalities.directory import Municipality
from service.notices.office.models import Notice
from service.notices.office.states import CANCELLED, CORRECTED, SENDING, SENT
from service.notices.office.wording import on_screens
from service.pages import NO_SEARCH, framed
from service.text import N_, moment_in, pick, say

PREVIEW = N_("Preview of a notice")
EMERGENCY = N_("Emergency")
NOT_SENT, WAS_SENT, TAKEN_BACK = (
    N_("This text has not been sent to anybody."),
    N_("This has been sent."),
    N_("This was cancelled."),
)
PLANNED = N_("Planned for {when}")
CUT = N_("The rest is cut off there.")
LOCKED, OPENED, AS_IT_IS = N_("{phone}: locked"), N_("{phone}: opened"), "{phone}"
SCREENS = {
    "ios": ("iPhone", AS_IT_IS),
    "ios_lock_screen": ("iPhone", LOCKED),
    "android": ("Android", AS_IT_IS),
    "android_opened": ("Android", OPENED),
}
"""What the screens of `wording.SCREENS` are called."""


def preview_page(here: Municipality, notice: Notice, language: str) -> str:
    """The whole page; its own words in this language, the texts in each that there is."""
    name = pick(here.name, language, here.main_language)
    alarm = f'<p class="alarm">{escape(say(language, EMERGENCY))}</p>\n' if notice.emergency else ""
    lines = "".join(f"<p>{escape(line)}</p>\n" for line in standing(here, notice, language))
    main = [
        f'<p class="small">{escape(name)}</p>\n{alarm}<h1>{escape(say(language, PREVIEW))}</h1>\n{lines}',
        *(in_language(spoken, text, language) for spoken, text in sorted(notice.texts.items())),
    ]
    return framed(language, say(language, PREVIEW), NO_SEARCH, "".join(main))


def standing(here: Municipality, notice: Notice, language: str) -> list[str]:
    """What has become of it, and for when it is planned."""
    gone = {SENDING: WAS_SENT, SENT: WAS_SENT, CORRECTED: WAS_SENT, CANCELLED: TAKEN_BACK}
    lines = [say(language, gone.get(notice.state, NOT_SENT))]
    if notice.send_at is not None and notice.state not in gone:
        lines.append(say(language, PLANNED, when=moment_in(language, notice.send_at, here.time_zone)))
    return lines


def in_language(spoken: str, text: Mapping[str, str], language: str) -> str:
    """A text whole, and as each kind of screen shows it."""
    name = str(Locale.parse(spoken).get_display_name(spoken)).capitalize()
    screens = "".join(
        screen(spoken, shown, called(kind, language), say(language, CUT) if shown["cut"] else "", language)
        for kind, shown in on_screens(text).items()
    )
    whole = shown_as(spoken, text["title"], text["body"])
    return f'<h2 lang="{spoken}">{escape(name)}</h2>\n{whole}{screens}'


def called(kind: str, language: str) -> str:
    phone, words = SCREENS[kind]
    return say(language, words, phone=phone)


def screen(spoken: str, shown: Mapping[str, str], name: str, cut: str, language: str) -> str:
    caption = escape(" · ".join(filter(None, (name, cut))))
    words = shown_as(spoken, shown["title"], shown["body"])
    return f'<figure>\n{words}<figcaption lang="{language}">{caption}</figcaption>\n</figure>\n'


def shown_as(spoken: str, title: str, body: str) -> str:
    return f'<p lang="{spoken}"><strong>{escape(title)}</strong></p>\n<p lang="{spoken}">{escape(body)}</p>\n'
