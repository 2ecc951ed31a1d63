"""Gives the fuzzer what exists: ids of actions in the state that a route asks for, their hashes, tokens; and counts the answers."""

import atexit
import itertools
import json
import os
from collections import Counter, defaultdict

import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation

URL = os.environ["AOL_FUZZ_URL"]
HEADERS = {"Authorization": f"Bearer {os.environ['AOL_FUZZ_TOKEN']}"}
SEEDS = f"{URL}/v1/actions?lane=seeds&limit=20"

# In which state a route finds what it works on; what has none takes any.
STATUS = {
    "approve": "AWAITING_APPROVAL",
    "reject": "AWAITING_APPROVAL",
    "promote": "SUCCESS",
    "replay": "DLQ",
    "resolve": "UNCONFIRMED",
    "cancel": "PENDING",
    "revise": "AWAITING_APPROVAL",
    "request-changes": "AWAITING_APPROVAL",
    "reschedule": "PENDING",
}
counts = defaultdict(Counter)
turns = defaultdict(itertools.count)


def items(address):
    answer = requests.get(address, headers=HEADERS, timeout=10)
    return answer.json().get("items", []) if answer.ok else []


def live_tokens():
    return [token for token in items(f"{URL}/v1/tokens") if token.get("revokedAt") is None]


def sessions():
    requests.post(f"{URL}/v1/session", json={"token": os.environ["AOL_FUZZ_TOKEN"]}, timeout=10)
    return items(f"{URL}/v1/sessions")


# What there is of everything but actions, by how its routes begin.
LISTS = {
    "/v1/tokens/{id}": live_tokens,
    "/v1/sessions/{id}": sessions,
    "/v1/people/{id}": lambda: items(f"{URL}/v1/people"),
}


def is_positive(case, location):
    return not (case.meta and case.meta.is_negative_at(location))


@schemathesis.hook
def before_call(context, case, kwargs):
    path = case.operation.path
    if path == "/v1/session" and isinstance(case.body, dict) and is_positive(case, ParameterLocation.BODY):
        if next(turns[path]) % 4 != 0:
            case.body["token"] = os.environ["AOL_FUZZ_TOKEN"]
        return
    if case.query and "wait" in case.query and is_positive(case, ParameterLocation.QUERY):
        case.query["wait"] = "200ms"
    if path == "/v1/accounts/{name}/check" and is_positive(case, ParameterLocation.PATH):
        # A worker takes up to a second for a check.
        if next(turns[path]) % 4 == 1:
            case.path_parameters["name"] = "seeds"
        return
    if "{id}" not in path or not is_positive(case, ParameterLocation.PATH) or not is_positive(case, ParameterLocation.BODY):
        return
    # One in four stays as it was made up, one in four meets whatever state there is.
    turn = next(turns[path]) % 4
    if turn == 0:
        return
    list_all = next((what for start, what in LISTS.items() if path.startswith(start)), None)
    if list_all is not None:
        found = list_all()
    else:
        status = STATUS.get(path.rsplit("/", 1)[-1]) if turn != 1 else None
        found = items(SEEDS if status is None else f"{SEEDS}&status={status}")
    if not found:
        return
    chosen = found[next(turns["any"]) % len(found)]
    case.path_parameters["id"] = chosen["id"]
    if isinstance(case.body, dict) and "sha256" in case.body and chosen.get("artifactSha256"):
        case.body["sha256"] = chosen["artifactSha256"]
    if path.endswith("/revise") and isinstance(case.body, dict):
        case.body["payload"] = {"url": "https://seeds.example/hook", "body": {"turn": next(turns["revise"])}}
        case.body.pop("runAt", None)


@schemathesis.hook
def after_call(context, case, response):
    counts[f"{case.operation.method.upper()} {case.operation.path}"][response.status_code] += 1


@atexit.register
def write_down():
    with open(os.environ["AOL_FUZZ_COUNTS"], "w", encoding="utf-8") as file:
        json.dump(counts, file)
