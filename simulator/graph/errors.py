"""Errors as the Graph API words them; raised anywhere below the router, which turns them into answers.

Titles and HTTP statuses are Meta's (Meta: error codes page, recorded answers). Messaging errors carry
`error_data` and begin with `(#code)`; errors about objects, paths and tokens do not.
"""

from __future__ import annotations

import re

from simulator import meta_errors

_METHOD_HINT = (
    "does not exist, cannot be loaded due to missing permissions, or does not support this operation. "
    "Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api"
)

_SPOKEN_BY_GRAPH = (4, 190)
_OF_OBJECTS = (803,)


class GraphError(Exception):
    def __init__(
        self,
        message: str,
        *,
        code: int,
        http: int = 400,
        kind: str = "OAuthException",
        subcode: int | None = None,
        details: str | None = None,
        is_transient: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.http = http
        self.kind = kind
        self.subcode = subcode
        self.details = details
        self.is_transient = is_transient

    def as_json(self, fbtrace_id: str) -> dict[str, object]:
        error: dict[str, object] = {"message": self.message, "type": self.kind, "code": self.code}
        if self.details is not None:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.is_transient is not None:
            error["is_transient"] = self.is_transient
        error["fbtrace_id"] = fbtrace_id
        return {"error": error}

    @property
    def challenge(self) -> str:
        """The value of `WWW-Authenticate`, which repeats the message."""
        reason = "invalid_token" if self.code == 190 else "invalid_request"
        text = "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in self.message)
        return f'OAuth "Facebook Platform" "{reason}" "{text}"'


def messaging_error(code: int, details: str, *, http: int = 400) -> GraphError:
    """An error of the messages endpoint: `(#code) Title`, with details."""
    return GraphError(f"(#{code}) {meta_errors.title_of(code)}", code=code, http=http, details=details)


def planned(
    code: int, *, http: int | None, subcode: int | None, message: str | None, is_transient: bool | None
) -> GraphError:
    """Any code, on demand. What is not given is as Meta documents the code, worded by Graph or by the endpoint."""
    known = meta_errors.find(code, subcode)
    title = meta_errors.title_of(code, subcode)
    of_graph = code in _SPOKEN_BY_GRAPH
    prefix = "" if code == 190 else f"(#{code}) "
    return GraphError(
        message or f"{prefix}{title}",
        code=code,
        http=http or (known.http if known else 400),
        kind="GraphMethodException" if code in _OF_OBJECTS else "OAuthException",
        subcode=subcode,
        details=None if of_graph else f"{title.removesuffix('.')}.",
        is_transient=is_transient,
    )


def invalid(details: str) -> GraphError:
    return messaging_error(100, details)


def missing(details: str) -> GraphError:
    return messaging_error(131008, details)


def not_valid(details: str) -> GraphError:
    return messaging_error(131009, details)


def template_issue(details: str) -> GraphError:
    return messaging_error(132018, details)


def schema_violation(path: str, absent: list[str]) -> GraphError:
    """What Meta says of an object within a template's parameter that lacks fields (recorded answers)."""
    field = re.sub(r"\['?([^'\]]+)'?\]", r".\1", path)
    start = (
        f"Your request has violated JSON schema constraint 'required' for the JSON field '{field}', please check the "
        f"JSON schema for the JSON field '{field}' and make sure your request is valid for missing : "
    )
    return GraphError(", ".join(f"{start}'{name}'" for name in absent), code=100)


def parameter_required(name: str) -> GraphError:
    """What Graph itself says, before WhatsApp looks at the message."""
    return GraphError(f"(#100) The parameter {name} is required.", code=100)


def parameter_wrong(message: str) -> GraphError:
    return GraphError(f"(#100) {message}", code=100)


def no_such_object(method: str, object_id: str) -> GraphError:
    """Also what Meta answers when the token may not see the object."""
    return GraphError(
        f"Unsupported {method.lower()} request. Object with ID '{object_id}' {_METHOD_HINT}",
        code=100,
        subcode=33,
        kind="GraphMethodException",
    )


def unknown_path(path: str) -> GraphError:
    return GraphError(f"Unknown path components: /{path}", code=2500)


def token_missing() -> GraphError:
    return GraphError("An access token is required to request this resource", code=104, http=401)


def token_invalid() -> GraphError:
    return GraphError("Invalid OAuth access token - Cannot parse access token", code=190, http=401)


def proof_missing() -> GraphError:
    message = "API calls from the server require an appsecret_proof argument"
    return GraphError(message, code=100, kind="GraphMethodException")


def proof_wrong() -> GraphError:
    message = "Invalid appsecret_proof provided in the API argument"
    return GraphError(message, code=100, kind="GraphMethodException")


def server_failed() -> GraphError:
    return messaging_error(131000, "The simulator failed; its log says why.", http=500)
