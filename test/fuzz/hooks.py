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
}
counts = defaultdict(Counter)
turns = defaultdict(itertools.count)


def items(address):
    answer = requests.get(address, headers=HEADERS, timeout=10)
    return answer.json().get("items", []) if answer.ok else []


def is_positive(case, location):
    return not (case.meta and case.meta.is_negative_at(location))


@schemathesis.hook
def before_call(context, case, kwargs):
    path = case.operation.path
    if path == "/v1/session" and isinstance(case.body, dict) and is_positive(case, ParameterLocation.BODY):
        if next(turns[path]) % 4 != 0:
            case.body["token"] = os.environ["AOL_FUZZ_TOKEN"]
        return
    if "{id}" not in path or not is_positive(case, ParameterLocation.PATH) or not is_positive(case, ParameterLocation.BODY):
        return
    # One in four stays as it was made up, one in four meets whatever state there is.
    turn = next(turns[path]) % 4
    if turn == 0:
        return
    if path.startswith("/v1/tokens/"):
        found = [token for token in items(f"{URL}/v1/tokens") if token.get("revokedAt") is None]
    else:
        status = STATUS.get(path.rsplit("/", 1)[-1]) if turn != 1 else None
        found = items(SEEDS if status is None else f"{SEEDS}&status={status}")
    if not found:
        return
    chosen = found[next(turns["any"]) % len(found)]
    case.path_parameters["id"] = chosen["id"]
    if isinstance(case.body, dict) and "sha256" in case.body and chosen.get("artifactSha256"):
        case.body["sha256"] = chosen["artifactSha256"]


@schemathesis.hook
def after_call(context, case, response):
    counts[f"{case.operation.method.upper()} {case.operation.path}"][response.status_code] += 1


@atexit.register
def write_down():
    with open(os.environ["AOL_FUZZ_COUNTS"], "w", encoding="utf-8") as file:
        json.dump(counts, file)
