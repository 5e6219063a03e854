"""Pages are rendered by the server from templates that escape whatever they are given."""

from __future__ import annotations

import json
from functools import lru_cache

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from video_assets.review.server import Review
from video_assets.written import text


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """The templates, with what they write values by."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("video_assets.review"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "clock": clock,
        "written": written,
        "json": lambda v: json.dumps(v, default=str),
        "count": lambda n: f"{n:,}",
    }
    return made


def page(
    template: str, request: Request, review: Review, rater: str, answer: int = 200, /, **values: object
) -> Response:
    """A page of a template.

    Args:
        template: its file.
        request: what is answered.
        review: what all pages show something of.
        rater: who asks.
        answer: status.
        values: what else the template shows.
    """
    shared = {"rater": rater, "word": review.word, "at": request.url.path, "questions": review.questions}
    return HTMLResponse(environment().get_template(template).render(**shared, **values), answer)


def clock(seconds: float) -> str:
    """A time as players show it."""
    minutes, rest = divmod(max(0.0, seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:05.2f}" if hours else f"{minutes}:{rest:05.2f}"


def written(value: object) -> str:
    """A value of the lake for a person."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case list():
            return ", ".join(written(v) for v in value)
        case {"subject": subject, "probability": probability}:
            return f"{subject} ({written(probability)})"
        case _:
            return text(value)
