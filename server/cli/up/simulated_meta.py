"""The simulator as `up` and `demo` set it up: an app, an account, numbers, a token, and people who write.

Everything is derived from the keyring or fixed, so that setting it up again changes nothing. Calls block: for threads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from server.cli.up import local_http
from server.cli.up.errors import CannotRun
from server.core.crypto import Keyring

APP_ID = "100000000000001"
WABA_ID = "200000000000001"
FIRST_NUMBER_ID = 300_000_000_000_001
APP_SLUG = "default"


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """Of the simulated app. They open nothing outside this machine."""

    app_secret: str
    verify_token: str
    access_token: str

    @classmethod
    def derived_from(cls, keyring: Keyring) -> "Secrets":
        def derive(name: str) -> str:
            return keyring.mac("simulated meta", name.encode()).hex()

        return cls(derive("app secret"), derive("verify token"), f"EAA{derive('access token')}")


class SimulatedMeta:
    """The simulator's control API. Every method raises CannotRun with what the simulator answered."""

    def __init__(self, url: str, secrets: Secrets) -> None:
        self._url = url
        self._secrets = secrets

    def make_account(self, numbers: int) -> list[str]:
        """An app, an account and this many numbers; the numbers' ids at Meta.

        An app that is there keeps its callback, or what the simulator still has to tell would be dropped.
        """
        if not self._answer("GET", f"apps/{APP_ID}").ok:
            self.make_app(callback_url=None)
        self._put(f"wabas/{WABA_ID}", {"name": "Simulated bakery", "subscribed_apps": [APP_ID]})
        ids = [str(FIRST_NUMBER_ID + place) for place in range(numbers)]
        for place, id_ in enumerate(ids):
            shown = f"+1 202-555-{100 + place:04d}"
            self._put(
                f"numbers/{id_}",
                {"waba_id": WABA_ID, "display_phone_number": shown, "verified_name": "Simulated bakery"},
            )
        token = {"app_id": APP_ID, "waba_ids": [WABA_ID], "token": self._secrets.access_token}
        self._call("POST", "tokens", token)
        return ids

    def make_app(self, *, callback_url: str | None) -> None:
        """With a callback, the simulator first verifies it, as Meta does."""
        app: dict[str, object] = {"app_secret": self._secrets.app_secret, "name": "Simulated app"}
        if callback_url is not None:
            app |= {"callback_url": callback_url, "verify_token": self._secrets.verify_token}
        self._put(f"apps/{APP_ID}", app)

    def allow_everything(self) -> None:
        """Gives the account templates of all kinds, and Direct Send."""
        self._call("PATCH", f"wabas/{WABA_ID}", {"direct_send": True})
        self._call("POST", f"wabas/{WABA_ID}/templates/samples")

    def make_person(self, wa_id: str, name: str, behaviour: Mapping[str, object], *, bsuid: str | None = None) -> None:
        """Someone with WhatsApp. With a business-scoped user id they are known by that alone."""
        hidden = {} if bsuid is None else {"bsuid": bsuid, "hides_phone": True}
        self._put(f"people/{wa_id}", {"name": name, "behaviour": dict(behaviour), **hidden})

    def make_group(self, group_id: str, phone_number_id: str, wa_ids: Sequence[str]) -> None:
        """A group of the number and these people."""
        self._put(f"groups/{group_id}", {"phone_number_id": phone_number_id, "participants": list(wa_ids)})

    def write(self, wa_id: str, phone_number_id: str, text: str, *, group_id: str | None = None) -> None:
        """The person writes to the number, or in a group of it."""
        self.act(wa_id, "messages", {"to": phone_number_id, "text": text, "group_id": group_id})

    def act(self, wa_id: str, gesture: str, body: Mapping[str, object]) -> str | None:
        """The person does something with the phone; the id of the message that came of it, if one did."""
        id_ = self._call("POST", f"people/{wa_id}/{gesture}", body).get("id")
        return None if id_ is None else str(id_)

    def sample(self, name: str) -> bytes:
        """A small real file."""
        answer = self._answer("GET", f"samples/{name}")
        return answer.content if answer.ok else self._refused(f"samples/{name}", answer)

    def plan_faults(self, rules: list[dict[str, object]]) -> None:
        """What is to go wrong with sends from now on."""
        self._call("PUT", "faults", rules)

    def windows(self, wa_id: str) -> dict[str, float]:
        """Until when (Unix time) each number may write freely to the person. Numbers without a window are left out."""
        threads = self._call("GET", f"people/{wa_id}/chat")["threads"]
        return {t["phone_number_id"]: t["window_open_until"] for t in threads if t["window_open_until"] is not None}

    def summary(self) -> dict[str, Any]:
        """The ledger's counts."""
        return self._call("GET", "ledger/summary")

    def ledger(self) -> list[dict[str, Any]]:
        """Every entry of the ledger."""
        entries: list[dict[str, Any]] = []
        while True:
            page = self._call("GET", f"ledger?after={len(entries)}&limit=10000")
            entries += page["entries"]
            if len(entries) >= page["last_seq"]:
                return entries

    def _put(self, path: str, body: object) -> None:
        self._call("PUT", path, body)

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self._answer(method, path, body)
        told = answer.body
        return told if answer.ok and isinstance(told, dict) else self._refused(path, answer)

    def _refused(self, path: str, answer: local_http.Answer) -> NoReturn:
        told = answer.body
        said = told["error"]["message"] if isinstance(told, dict) else f"HTTP {answer.status}"
        raise CannotRun(f"the simulator refuses {path.split('/', 1)[0]}: {said}")

    def _answer(self, method: str, path: str, body: object = None) -> local_http.Answer:
        try:
            return local_http.call(method, f"{self._url}/_sim/{path}", body, timeout_s=15)
        except local_http.UNREACHABLE as error:
            raise CannotRun(f"the simulator does not answer ({type(error).__name__}); its log says why") from error
