"""The catalogue of error codes that customers see, and the one exception that carries them.

Refused is raised by services and turned into problem+json by the API and into a sentence by the command line. Codes
are stable: they are never renamed. docs/errors.md is generated from here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of refusal: HTTP status, what it says, and how to mend it."""

    code: str
    status: int
    title: str
    mend: str


CATALOGUE: dict[str, Problem] = {
    problem.code: problem
    for problem in (
        Problem("bad_json", 400, "The body is not valid JSON", "Send one JSON object, encoded in UTF-8."),
        Problem("unsupported_media_type", 415, "The body is not JSON", "Send `Content-Type: application/json`."),
        Problem("compressed_body", 415, "Compressed bodies are not taken", "Send the body without Content-Encoding."),
        Problem("body_too_large", 413, "The body is too large", "Send less at once; the limit is in `detail`."),
        Problem("body_too_slow", 408, "The body took too long to arrive", "Send it again over a better connection."),
        Problem("invalid_request", 422, "The request is not valid", "Correct the fields listed in `errors`."),
        Problem(
            "invalid_idempotency_key",
            422,
            "The Idempotency-Key is not valid",
            "Send 1 to 255 printable ASCII characters, such as a UUID.",
        ),
        Problem(
            "missing_key",
            401,
            "No API key was given",
            "Send `Authorization: Bearer treeex_…`; `treeex key create` makes one.",
        ),
        Problem(
            "invalid_key", 401, "The API key is not valid", "Check that the key is whole, not revoked and not expired."
        ),
        Problem("missing_scope", 403, "The API key may not do this", "Use a key that has the scope named in `detail`."),
        Problem("not_found", 404, "There is no such thing here", "Check the id; it may belong to another workspace."),
        Problem(
            "method_not_allowed", 405, "This address does not know the method", "Use a method from the `Allow` header."
        ),
        Problem(
            "unknown_number",
            422,
            "The sending number is not connected to this workspace",
            "Use the id of a number from `GET /v1/phone-numbers`, or connect it.",
        ),
        Problem(
            "not_ambiguous",
            409,
            "The message is not in doubt",
            "Only messages that are `unknown` or `held` can be resolved; `GET /v1/messages/{id}` shows the state.",
        ),
        Problem("number_taken", 409, "The number is connected to another workspace", "Disconnect it there first."),
        Problem(
            "window_closed",
            422,
            "The customer service window is closed",
            "Send a template, or wait until the person writes.",
        ),
        Problem(
            "opted_out",
            422,
            "The person wants no marketing",
            "Send no marketing until they ask for it again; other messages are not affected.",
        ),
        Problem(
            "password_to_user_id",
            422,
            "A one-time password cannot be sent to a user id",
            "Send it to the person's phone number.",
        ),
        Problem("expired", 422, "The message has expired", "Give an `expires_at` that is still to come, or none."),
        Problem(
            "too_far_ahead",
            422,
            "The message is to be sent too far in the future",
            "Give a `send_at` within the next 90 days.",
        ),
        Problem(
            "template_not_usable",
            422,
            "Meta does not let this template be sent",
            "Look at the template's status and why Meta gave it; send another one meanwhile.",
        ),
        Problem(
            "template_misfit",
            422,
            "What fills the template does not fit its text",
            "Give a parameter for each variable of the header and the body, by its name where variables have names.",
        ),
        Problem(
            "unknown_media",
            422,
            "A medium that the message names does not exist in this workspace",
            "Upload the file with `POST /v1/media` and use its id; `errors` has the place.",
        ),
        Problem(
            "media_type_unsupported",
            415,
            "Meta takes no files of this type",
            "Send the file with one of the content types that `detail` lists.",
        ),
        Problem(
            "media_too_large",
            413,
            "The file is too large for its kind",
            "Send a smaller file; the limit is in `detail`.",
        ),
        Problem(
            "media_mismatch",
            422,
            "The file is not what its content type says",
            "Send the `Content-Type` that the file really has, and the whole file.",
        ),
        Problem(
            "not_received",
            409,
            "The message was not received but sent",
            "Only messages that people wrote can be marked as read.",
        ),
        Problem(
            "receipt_refused",
            422,
            "Meta does not take the read receipt",
            "Messages older than 30 days cannot be marked as read; `detail` has Meta's reason.",
        ),
        Problem(
            "not_cancellable",
            409,
            "The message can no longer be cancelled",
            "It has left or may have left; `GET /v1/messages/{id}` shows its state. `held` ones can be resolved.",
        ),
        Problem(
            "idempotency_conflict",
            422,
            "The Idempotency-Key was used with another request",
            "Use a new key for a new request.",
        ),
        Problem(
            "idempotency_in_progress",
            409,
            "The first request with this Idempotency-Key still runs",
            "Try again after the time in `Retry-After`.",
        ),
        Problem("invalid_name", 422, "The name cannot be used", "Use 1 to 200 characters, not only spaces."),
        Problem("invalid_app", 422, "The app cannot be set up like this", "Correct what `detail` names."),
        Problem("app_taken", 409, "The app is here already", "Use the slug that it has, or rotate its secret."),
        Problem("slug_taken", 409, "The slug is in use", "Choose another one, or rotate the secret of that app."),
        Problem("invalid_cursor", 422, "The cursor is not one of ours", "Use `next` of the page before, unchanged."),
        Problem(
            "token_refused",
            422,
            "Meta refused the access token",
            "Use a system user's token that has access to this number.",
        ),
        Problem(
            "meta_unreachable", 502, "Meta could not be reached", "Try again; `treeex doctor` tests the connection."
        ),
        Problem(
            "unavailable", 503, "The service cannot take requests now", "Try again after the time in `Retry-After`."
        ),
        Problem(
            "internal_error",
            500,
            "Something went wrong here",
            "Try again; if it stays, give the `trace_id` to the operator.",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field. `path` is a dotted path such as `text.body`."""

    path: str
    code: str
    message: str
    mend: str


class Refused(Exception):
    """A request that cannot be done, for a reason of the catalogue."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        errors: tuple[FieldError, ...] = (),
        retry_after_s: int | None = None,
    ) -> None:
        self.problem = CATALOGUE[code]
        self.detail = detail or self.problem.title
        self.errors = errors
        self.retry_after_s = retry_after_s
        super().__init__(f"{self.detail}. {self.problem.mend}")

    @property
    def code(self) -> str:
        return self.problem.code
