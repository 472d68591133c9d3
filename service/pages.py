"""The frame of pages that people open without the app: one style, which their policy names, and nothing that runs.

By light and in the dark, on a phone and on a desk.
"""

import base64
import hashlib
from html import escape

STYLE = """
:root { color-scheme: light dark }
body { margin: 0; font: 1.0625rem/1.6 system-ui, sans-serif; overflow-wrap: break-word }
main { max-width: 42rem; margin: 0 auto; padding: 1rem 1rem 3rem }
h1 { font-size: 1.75rem; line-height: 1.2; margin: .25rem 0 .75rem }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 1.75rem 0 .5rem }
img { display: block; max-width: 100%; max-height: 75vh; height: auto; margin: 1.25rem 0 }
dl { border: solid; border-width: 1px 0; padding: .75rem 0 }
dt { font-weight: 600 }
dd { margin: 0 0 .25rem }
@media (min-width: 36rem) {
  dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: 0 1.5rem }
  dt, dd { grid-column: 2 }
  dt { grid-column: 1 }
  dt + dd { grid-row: auto }
}
table { display: block; overflow-x: auto; border-collapse: collapse }
th, td { border: 1px solid; padding: .25rem .75rem; text-align: start }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem }
.items { list-style: none; padding: 0 }
.items li { border-top: 1px solid; padding: .75rem 0 }
.items a { font-size: 1.125rem; font-weight: 600 }
.items p, .small { margin: 0; font-size: .9375rem }
.lead { font-size: 1.1875rem }
.alarm { background: #a30015; color: #fff; font-weight: 700; padding: .5rem .75rem }
figure { border: 1px solid; border-radius: .75rem; padding: .5rem 1rem; margin: 1rem 0; max-width: 24rem }
figure p { margin: 0; white-space: pre-line }
figcaption { font-size: .875rem; margin-top: .5rem }
button { font: inherit; padding: .5rem 1rem }
footer { margin-top: 2.5rem; border-top: 1px solid }
"""
STYLE_NAME = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
POLICY = (
    f"default-src 'none'; img-src 'self'; style-src {STYLE_NAME}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What such a page may do: show our own pictures and its style."""
FORM_POLICY = POLICY.replace("form-action 'none'", "form-action 'self'")
"""And what one may with a button: post to us."""
NO_SEARCH = '<meta name="robots" content="noindex">\n'
FRAME = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{head}<style>{style}</style>
</head>
<body>
<main>
{main}</main>
</body>
</html>
"""


def framed(language: str, title: str, head: str, main: str) -> str:
    """The whole page. `title` is text; `head` and `main` are HTML."""
    return FRAME.format(language=language, title=escape(title), head=head, style=STYLE, main=main)
