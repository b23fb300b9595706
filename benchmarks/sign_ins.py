"""Compare the response times for addresses with an account and without one, on PostgreSQL: they must not tell which is which."""

import json
import time
import urllib.error
import urllib.request
from itertools import cycle
from statistics import median

from benchmarks.ratios import print_ratio
from tests.support.services import Service

ANSWERS = {"domain": "platform", "modules": ["auth", "communications", "memberships"]}
ACCOUNTS = 5
ATTEMPTS = 9 * ACCOUNTS
"""A client has ten attempts for an account, and a hundred failures."""
GOAL = 1.1

# Starts PostgreSQL and the server, creates accounts, prints the server's URL, and stops both when its input ends.
SERVE = r"""
import subprocess
import sys

from tests.suite.postgres import drop_databases, make_database
from tests.suite.run import begin
from tests.support.server import serving, settings_on

with begin() as run:
    try:
        environment = settings_on(make_database(run))
        with serving(run.folder / "server.log", environment) as url:
            for number in range(int(sys.argv[2])):
                who = ["--organisation", "Acme", "--email", f"known-{number}@example.com", "--set-password"]
                command = [sys.executable, "-m", f"{sys.argv[1]}.create_token", *who]
                password = "seven green umbrellas"
                subprocess.run(
                    command, input=password, text=True, env=environment, check=True, stdout=subprocess.DEVNULL
                )
            print(url, flush=True)
            sys.stdin.read()
    finally:
        drop_databases(run)
"""


def compare_sign_ins(service: Service) -> None:
    """Print the milliseconds of a refused sign-in and of a request for a new password, with and without an account."""
    form = service.answers["database_access"]
    with service.talk_to("python", "-c", SERVE, service.package, str(ACCOUNTS)) as (_, answers):
        url = answers.readline().strip()
        for path, body in {"/sign-ins": {"password": "eleven purple teapots"}, "/password-reset-requests": {}}.items():
            known, unknown = measure(url + path, body)
            print(f"POST {path}, {form}: with an account {1000 * known:.1f} ms, without one {1000 * unknown:.1f} ms")
            print_ratio(max(known, unknown) / min(known, unknown), GOAL)


def measure(url: str, body: dict[str, str]) -> tuple[float, float]:
    """Return the median seconds of a request with an address that has an account, and of one that has none."""
    addresses = cycle([f"known-{number}@example.com" for number in range(ACCOUNTS)])
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    for number in range(ATTEMPTS):
        for kind, email in [("known", next(addresses)), ("unknown", f"unknown-{number}@example.com")]:
            started = time.perf_counter()
            send(url, {**body, "email": email})
            times[kind].append(time.perf_counter() - started)
    # The first ones warm the caches.
    return median(times["known"][ACCOUNTS:]), median(times["unknown"][ACCOUNTS:])


def send(url: str, body: dict[str, str]) -> None:
    """Send a request; raise an error if it is limited or fails."""
    content = json.dumps(body).encode()
    request = urllib.request.Request(url, content, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            response.read()
    except urllib.error.HTTPError as error:
        if error.code != 400:
            raise
