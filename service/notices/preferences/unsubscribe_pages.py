"""The page on which a person ends their digests: one button, because programs that look for viruses open every link."""

from html import escape

from service.municipalities.directory import Municipality
from service.notices.letters import STOP
from service.notices.preferences.keeping import NEVER
from service.pages import NO_SEARCH, framed
from service.text import N_, pick, say

TITLE = N_("News by e-mail")
COMES = N_(
    "You are mailed what is new, every day or every week. With this button you get no more of these mails; nothing "
    "else changes."
)
ENDED = N_("You get no more of these mails. In the app you can ask for them again.")
NOBODYS = N_("This link is not valid here. If the mails go on, end them in the app.")
NAME, VALUE = "List-Unsubscribe", "One-Click"
"""What is posted (RFC 8058)."""
BUTTON = """<form method="post">
<input type="hidden" name="{name}" value="{value}">
<button>{words}</button>
</form>
"""


def unsubscribe_page(here: Municipality, digest: str | None, language: str) -> str:
    """The whole page for who gets digests in this rhythm; None: nobody knows the link."""
    name = escape(pick(here.name, language, here.main_language))
    words = {None: NOBODYS, NEVER: ENDED}.get(digest, COMES)
    button = BUTTON.format(name=NAME, value=VALUE, words=escape(say(language, STOP))) if words is COMES else ""
    title = say(language, TITLE)
    main = f'<p class="small">{name}</p>\n<h1>{escape(title)}</h1>\n<p>{escape(say(language, words))}</p>\n{button}'
    return framed(language, title, NO_SEARCH, main)
