"""Message templates and groups of the simulated world: PUT makes or replaces, GET shows, DELETE takes away.

Called over HTTP by tests and by people with curl. What Meta's own review would refuse is not judged here: a template is
what its status says.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from simulator.control.requests import answering, body_of, found, path_id
from simulator.errors import Refused
from simulator.sample_templates import SAMPLES
from simulator.state import Gone, Group, Id, Template, TemplateCategory, TemplateStatus, Waba, template_id
from simulator.template_parts import component, header_format, name_of
from simulator.world import World

NAME_LIMIT = 512
GROUP_LIMIT = 8  # Meta: groups; besides the business

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]

_NAME = msgspec.Meta(pattern="^[a-z0-9_]+$", max_length=NAME_LIMIT)
_LANGUAGE = msgspec.Meta(pattern="^[a-z]{2,3}(_[A-Za-z]{2,4})?$")
_FORMATS = (None, "TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION", "PRODUCT")


class TemplateBody(msgspec.Struct, forbid_unknown_fields=True):
    category: TemplateCategory
    components: list[dict[str, Any]]
    status: TemplateStatus = "APPROVED"
    parameter_format: Literal["POSITIONAL", "NAMED"] = "POSITIONAL"
    quality: Literal["GREEN", "YELLOW", "RED", "UNKNOWN"] = "UNKNOWN"
    held: bool = False


class GroupBody(msgspec.Struct, forbid_unknown_fields=True):
    phone_number_id: Id
    subject: Text = "Simulated group"
    participants: Annotated[list[Id], msgspec.Meta(max_length=GROUP_LIMIT)] = []


class TemplateEndpoints:
    def __init__(self, world: World) -> None:
        self._store = world.store

    def routes(self) -> list[web.RouteDef]:
        all_, one = "/_sim/wabas/{waba_id}/templates", "/_sim/wabas/{waba_id}/templates/{name}/{language}"
        return [
            web.get(all_, answering(self.list_templates)),
            web.post(f"{all_}/samples", answering(self.put_samples)),
            web.get(one, answering(self.show_template)),
            web.put(one, answering(self.put_template)),
            web.delete(one, answering(self.delete_template)),
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
        )
        self._store.put(template)
        return template

    def _waba(self, request: web.Request) -> Waba:
        return found(self._store.wabas, path_id(request, "waba_id"), "account")

    def _template(self, request: web.Request) -> Template:
        waba, name, language = self._waba(request), request.match_info["name"], request.match_info["language"]
        template = self._store.template(waba.id, name, language)
        if template is None:
            raise Refused(f"{waba.id} has no template {name} in {language}; make it first with PUT", http=404)
        return template


class GroupEndpoints:
    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/groups", answering(self.list_groups)),
            web.get("/_sim/groups/{group_id}", answering(self.show_group)),
            web.put("/_sim/groups/{group_id}", answering(self.put_group)),
        ]

    async def list_groups(self, _request: web.Request) -> object:
        return {"data": list(self._store.groups.values())}

    async def show_group(self, request: web.Request) -> object:
        """With what is pinned in it."""
        group = found(self._store.groups, path_id(request, "group_id"), "group")
        thread = self._world.conversations.thread(group.id, group.phone_number_id)
        return {**msgspec.structs.asdict(group), "pinned": thread.pinned(self._world.clock.now())}

    async def put_group(self, request: web.Request) -> object:
        id_ = path_id(request, "group_id")
        body = await body_of(request, GroupBody)
        found(self._store.numbers, body.phone_number_id, "number")
        for wa_id in body.participants:
            found(self._store.people, wa_id, "person")
        if id_ in self._store.people or id_ in self._store.numbers or id_ in self._store.wabas:
            raise Refused(f"{id_} is already the id of something else; choose another one", http=409)
        group = Group(id_, body.phone_number_id, body.subject, list(dict.fromkeys(body.participants)))
        self._store.put(group)
        return group


def _of_pattern(request: web.Request, name: str, type_: Any, meaning: str) -> str:
    try:
        return str(msgspec.convert(request.match_info[name], type_))
    except msgspec.ValidationError as error:
        raise Refused(f"the {name} of a template must be {meaning}") from error


def _check_components(components: list[dict[str, Any]]) -> None:
    if component(components, "BODY") is None:
        raise Refused('components needs a body, like {"type": "BODY", "text": "Hello {{1}}"}')
    if header_format(components) not in _FORMATS:
        raise Refused("the format of a header must be TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION or PRODUCT")
    for part in components:
        if not name_of(part, "type"):
            raise Refused("every component needs a type, like BODY")
