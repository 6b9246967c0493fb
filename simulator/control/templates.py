"""Message templates of the simulated world: PUT makes or replaces, GET shows, DELETE takes away.

Called over HTTP by tests and by people with curl. What Meta's own review would refuse is not judged here: a template is
what its status says.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from simulator.control.requests import answering, body_of, found, path_id
from simulator.errors import Refused
from simulator.lifetimes import TEMPLATE_TTL_S
from simulator.sample_templates import SAMPLES
from simulator.state import Gone, Quality, Template, TemplateCategory, TemplateStatus, Waba, template_id
from simulator.template_parts import cards_of, component, header_format
from simulator.world import World

NAME_LIMIT = 512
BUTTONS_LIMIT = 10
CARDS_LIMIT = 10

_NAME = msgspec.Meta(pattern="^[a-z0-9_]+$", max_length=NAME_LIMIT)
_LANGUAGE = msgspec.Meta(pattern="^[a-z]{2,3}(_[A-Za-z]{2,4})?$")
_FORMATS = (None, "TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION", "PRODUCT")


class Button(msgspec.Struct):
    type: str
    text: str = ""
    url: str = ""
    otp_type: str = ""


class Offer(msgspec.Struct):
    text: str = ""
    has_expiration: bool = False


class Component(msgspec.Struct):
    """What sends are held against; everything else of a component is kept unread."""

    type: str
    format: str | None = None
    text: str = ""
    buttons: Annotated[list[Button], msgspec.Meta(max_length=BUTTONS_LIMIT)] = []
    cards: Annotated[list[Card], msgspec.Meta(max_length=CARDS_LIMIT)] = []
    limited_time_offer: Offer = msgspec.field(default_factory=Offer)


class Card(msgspec.Struct):
    components: list[Component] = []


class TemplateBody(msgspec.Struct, forbid_unknown_fields=True):
    category: TemplateCategory
    components: list[dict[str, Any]]
    status: TemplateStatus = "APPROVED"
    parameter_format: Literal["POSITIONAL", "NAMED"] = "POSITIONAL"
    quality: Quality = "UNKNOWN"
    held: bool = False
    message_send_ttl_seconds: int | None = None

    def __post_init__(self) -> None:
        least, most = TEMPLATE_TTL_S[self.category]
        if self.message_send_ttl_seconds is not None and not least <= self.message_send_ttl_seconds <= most:
            raise ValueError(f"message_send_ttl_seconds of {self.category} must be from {least} to {most}")


class QualityBody(msgspec.Struct, forbid_unknown_fields=True):
    quality: Quality


class TemplateEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._quality = world.template_quality

    def routes(self) -> list[web.RouteDef]:
        all_, one = "/_sim/wabas/{waba_id}/templates", "/_sim/wabas/{waba_id}/templates/{name}/{language}"
        return [
            web.get(all_, answering(self.list_templates)),
            web.post(f"{all_}/samples", answering(self.put_samples)),
            web.get(one, answering(self.show_template)),
            web.put(one, answering(self.put_template)),
            web.delete(one, answering(self.delete_template)),
            web.post(f"{one}/quality", answering(self.judge)),
        ]

    async def list_templates(self, request: web.Request) -> object:
        waba = self._waba(request)
        return {"data": [template for template in self._store.templates.values() if template.waba_id == waba.id]}

    async def put_samples(self, request: web.Request) -> object:
        """A dozen realistic templates, one or more of every kind; those of the same name are replaced."""
        waba = self._waba(request)
        for name, language, sample in SAMPLES:
            self._put(waba, name, language, msgspec.convert(sample, TemplateBody))
        return {"data": [{"name": name, "language": language} for name, language, _ in SAMPLES]}

    async def show_template(self, request: web.Request) -> object:
        return self._template(request)

    async def put_template(self, request: web.Request) -> object:
        waba = self._waba(request)
        name = _of_pattern(request, "name", Annotated[str, _NAME], "lower-case letters, digits and _")
        language = _of_pattern(request, "language", Annotated[str, _LANGUAGE], "a code like en or en_US")
        body = await body_of(request, TemplateBody)
        _check_components(body.components)
        return self._put(waba, name, language, body)

    async def delete_template(self, request: web.Request) -> object:
        self._store.remove(Gone("template", self._template(request).id))
        return {"deleted": True}

    async def judge(self, request: web.Request) -> object:
        """How people like the template; RED pauses it, and in the end disables it."""
        template = self._template(request)
        return self._quality.judge(template, (await body_of(request, QualityBody)).quality)

    def _put(self, waba: Waba, name: str, language: str, body: TemplateBody) -> Template:
        template = Template(
            id=template_id(waba.id, name, language),
            waba_id=waba.id,
            name=name,
            language=language,
            category=body.category,
            components=body.components,
            status=body.status,
            parameter_format=body.parameter_format,
            quality=body.quality,
            held=body.held,
            message_send_ttl_seconds=body.message_send_ttl_seconds,
        )
        self._world.telling.change_template(template)
        return template

    def _waba(self, request: web.Request) -> Waba:
        return found(self._store.wabas, path_id(request, "waba_id"), "account")

    def _template(self, request: web.Request) -> Template:
        waba, name, language = self._waba(request), request.match_info["name"], request.match_info["language"]
        template = self._store.template(waba.id, name, language)
        if template is None:
            raise Refused(f"{waba.id} has no template {name} in {language}; make it first with PUT", http=404)
        return template


def _of_pattern(request: web.Request, name: str, type_: Any, meaning: str) -> str:
    try:
        return str(msgspec.convert(request.match_info[name], type_))
    except msgspec.ValidationError as error:
        raise Refused(f"the {name} of a template must be {meaning}") from error


def _check_components(components: list[dict[str, Any]]) -> None:
    try:
        msgspec.convert(components, list[Component])
    except msgspec.ValidationError as error:
        raise Refused(f"the components cannot be used: {error}; they are as Meta's create call takes them") from error
    if component(components, "BODY") is None:
        raise Refused('components needs a body, like {"type": "BODY", "text": "Hello {{1}}"}')
    for part in (components, *(cards_of(components) or [])):
        if header_format(part) not in _FORMATS:
            raise Refused("the format of a header must be TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION or PRODUCT")
