"""The recipes for other people's platforms, each as far as it runs without them, against a real server."""

import hashlib
import json
import re
import runpy
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest

from tests.clients.recipes.airflow_and_prefect import RECIPES, airflow, api, prefect, set_up
from tests.node import program
from tests.processes import Serving, clean_environment, run, serving

N8N_TYPES = {"webhook": 2, "code": 2, "httpRequest": 4.2, "scheduleTrigger": 1.2, "if": 2.2, "noOp": 1}
"""The nodes that the workflows use, in versions that n8n has."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("recipes"), "--allow-loopback-webhooks") as running:
        yield running


@pytest.fixture
def hooks() -> Iterator[tuple[str, Queue[dict[str, Any]]]]:
    """An address that webhooks may go to, and what has come there as {"headers", "body"}."""
    came: Queue[dict[str, Any]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            came.put({"headers": {name.lower(): value for name, value in self.headers.items()}, "body": body})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_address[1]}/hooks", came
        listening.shutdown()
        thread.join()


def save(server: Serving, path: str, text: str) -> None:
    change = {"op": "write", "path": path, "content": text, "overwrite": True}
    api(server.url).post("/commits", {"changes": [change]})


def node(script: str, *arguments: str, given: dict[str, Any]) -> Any:
    return json.loads(program.run(script, *arguments, given=json.dumps(given)))


def test_curl_works_through_a_queue_and_says_how_it_went(server: Serving) -> None:
    api(server.url).post("/triggers", {"name": "curl", "files": ["curl/*"], "queue": "curl", "settle": "immediate"})
    for path in ("curl/good.md", "curl/bad.md"):
        save(server, path, "text")
    command = ["sh", "-c", 'jq -r ".inputs[0].path" | grep -q good']
    env = clean_environment() | {"WORKSPACE_URL": server.url, "JOBS_MAX": "2"}
    subprocess.run([RECIPES / "curl" / "work.sh", "curl", *command], env=env, check=True, timeout=60)

    jobs = api(server.url).get("/jobs", queue="curl")["jobs"]
    assert [job["state"] for job in jobs] == ["failed", "done"]


def test_zapier_subscribes_is_called_and_unsubscribes(
    server: Serving, hooks: tuple[str, Queue[dict[str, Any]]]
) -> None:
    url, came = hooks
    bundle = {
        "authData": {"url": server.url, "agent": "zap"},
        "inputData": {"files": "zap/{topic}/a.md, zap/{topic}/b.md", "mode": "all"},
        "targetUrl": url,
    }
    operation = "triggers.files_saved.operation"
    subscribed = node("zapier.mjs", f"{operation}.performSubscribe", given=bundle)
    again = node("zapier.mjs", f"{operation}.performSubscribe", given=bundle)
    for name in ("a", "b"):
        node(
            "zapier.mjs",
            "creates.save_file.operation.perform",
            given={
                **bundle,
                "inputData": {"path": f"zap/cats/{name}.md", "content": f"{name}!", "message": "by a Zap"},
            },
        )
    request = came.get(timeout=30)
    body = json.loads(request["body"])
    (event,) = node("zapier.mjs", f"{operation}.perform", given={**bundle, "cleanedRequest": body})
    samples = node("zapier.mjs", f"{operation}.performList", given=bundle)
    sample = node("zapier.mjs", f"{operation}.sample", given=bundle)
    node("zapier.mjs", f"{operation}.performUnsubscribe", given={**bundle, "subscribeData": subscribed})
    node("zapier.mjs", f"{operation}.performUnsubscribe", given={**bundle, "subscribeData": subscribed})

    assert again == subscribed
    assert [(one["path"], one["content"]) for one in event["inputs"]] == [
        ("zap/cats/a.md", "a!"),
        ("zap/cats/b.md", "b!"),
    ]
    assert [(one["key"], len(one["inputs"])) for one in samples] == [({"topic": "cats"}, 2)]
    assert set(sample) <= set(event)
    assert subscribed["id"] not in [one["trigger"] for one in api(server.url).get("/triggers")["triggers"]]
    assert api(server.url).get("/files/zap/cats/a.md:history")["versions"][0]["message"] == "by a Zap"


def test_zapier_shows_what_the_server_says(server: Serving) -> None:
    bundle = {"authData": {"url": server.url}, "inputData": {"files": "*.md", "mode": "all"}, "targetUrl": "http://x"}
    with pytest.raises(AssertionError, match="cannot mean"):
        node("zapier.mjs", "triggers.files_saved.operation.performSubscribe", given=bundle)


def test_n8n_verifies_what_a_save_has_sent_and_reads_it(
    server: Serving, hooks: tuple[str, Queue[dict[str, Any]]]
) -> None:
    url, came = hooks
    rule = {"name": "n8n", "files": ["n8n/*"], "url": url, "profile": "plain", "settle": "immediate"}
    secret = api(server.url).post("/triggers", rule)["secret"]
    save(server, "n8n/über uns.md", "first")
    request = came.get(timeout=30)
    save(server, "n8n/über uns.md", "second")
    env = {"WORKSPACE_URL": server.url, "WORKSPACE_WEBHOOK_SECRET": secret}
    item = {"json": {"headers": request["headers"]}, "body": request["body"]}
    workflow = str(RECIPES / "n8n" / "on_save.json")

    gave = node("n8n.mjs", workflow, given={"env": env, "items": [item]})
    assert gave["Verify"][0]["json"]["path"] == "n8n/über uns.md"
    assert gave["Read"] == [{"json": {"text": "first"}}], "the version that was saved, not what stands there now"
    for spoilt in ({**item, "body": request["body"] + " "}, {**item, "json": {"headers": {}}}):
        with pytest.raises(AssertionError, match="webhook is"):
            node("n8n.mjs", workflow, given={"env": env, "items": [spoilt]})
    api(server.url).delete("/triggers/n8n")


def test_n8n_works_through_a_queue(server: Serving) -> None:
    queued = {"name": "queued", "files": ["queued/*"], "queue": "n8n", "settle": "immediate"}
    api(server.url).post("/triggers", queued)
    save(server, "queued/a.md", "text")
    given = {"env": {"WORKSPACE_URL": server.url}, "items": [{"json": {}}]}

    gave = node("n8n.mjs", str(RECIPES / "n8n" / "queue.json"), given=given)
    assert gave["Finish"][0]["json"]["state"] == "done"
    (job,) = api(server.url).get("/jobs", queue="n8n")["jobs"]
    assert job["state"] == "done"


@pytest.mark.parametrize("name", ["on_save", "queue"])
def test_n8n_can_import_the_workflows(name: str) -> None:
    workflow = json.loads((RECIPES / "n8n" / f"{name}.json").read_text())

    names = [one["name"] for one in workflow["nodes"]]
    assert len({one["id"] for one in workflow["nodes"]}) == len(set(names)) == len(names)
    for one in workflow["nodes"]:
        package, _, kind = one["type"].partition(".")
        assert (package, one["typeVersion"]) == ("n8n-nodes-base", N8N_TYPES[kind])
    for source, ways in workflow["connections"].items():
        assert source in names
        assert all(way["node"] in names for branch in ways["main"] for way in branch)


def rendered(template: Any, known: dict[str, Any]) -> Any:
    """Return one of Make's descriptions with its expressions worked out, as far as the recipe has such."""
    if isinstance(template, dict):
        return {name: rendered(value, known) for name, value in template.items()}
    if isinstance(template, list):
        return [rendered(value, known) for value in template]
    whole = re.fullmatch(r"\{\{(.*)\}\}", template) if isinstance(template, str) else None
    if whole is not None and "}}" not in whole[1]:
        return worked_out(whole[1], known)
    return re.sub(r"\{\{(.*?)\}\}", lambda part: str(worked_out(part[1], known)), template)


def worked_out(expression: str, known: dict[str, Any]) -> Any:
    call = re.fullmatch(r"(md5|split)\((.*?)(?:; \"(.*)\")?\)", expression)
    if call is not None:
        value = str(worked_out(call[2], known))
        return (
            hashlib.md5(value.encode(), usedforsecurity=False).hexdigest() if call[1] == "md5" else value.split(call[3])
        )
    found: Any = known
    for name in re.findall(r"[\w-]+", expression):
        found = found[name]
    return found


def test_make_subscribes_is_called_and_unsubscribes(server: Serving, hooks: tuple[str, Queue[dict[str, Any]]]) -> None:
    url, came = hooks
    parts = {one.stem: json.loads(one.read_text()) for one in (RECIPES / "make").glob("*.json")}
    known: dict[str, Any] = {
        "parameters": {"url": server.url, "agent": "make", "files": "make/a.md,make/b.md", "mode": "any"},
        "webhook": {"url": url},
    }
    known["connection"] = rendered(parts["connection"]["response"]["data"], known)
    assert rendered(parts["connection"]["url"], known) == f"{server.url}/api/v1/status"
    assert rendered(parts["base"]["baseUrl"], known) == f"{server.url}/api/v1"
    attach = rendered({one: value for one, value in parts["attach"].items() if one != "response"}, known)
    known["body"] = api(server.url).post(attach["url"], attach["body"])
    known["webhook"] |= rendered(parts["attach"]["response"]["data"], known)
    save(server, "make/a.md", "text")
    request = came.get(timeout=30)
    known |= {"body": json.loads(request["body"]), "headers": request["headers"]}
    incoming = rendered(parts["incoming"], known)
    detach = rendered(parts["detach"], known)
    api(server.url).delete(detach["url"])

    assert incoming["output"]["inputs"][0]["content"] == "text"
    assert incoming["uid"] == incoming["output"]["id"]
    assert set(parts["samples"]) <= set(incoming["output"])
    assert detach["url"].removeprefix("/triggers/") not in [
        one["trigger"] for one in api(server.url).get("/triggers")["triggers"]
    ]


def test_airflow_waits_for_files_and_claims_jobs(folder: Path) -> None:
    with serving(folder) as own:
        before = airflow(own.url)
        set_up(own.url)
        after = airflow(own.url)

    assert before["files"] == {"done": False, "value": {"reports/a.md": 0, "reports/b.md": 0}, "mode": "reschedule"}
    assert before["job"]["done"] is False
    assert after["files"]["value"] == {"reports/a.md": 1, "reports/b.md": 1}
    assert after["job"]["value"]["inputs"] == [{"path": "reports/a.md", "version": 1}]


def test_prefect_works_through_a_queue(folder: Path) -> None:
    with serving(folder) as own:
        set_up(own.url)
        prefect(own.url)
        jobs = api(own.url).get("/jobs", queue="reports")["jobs"]

    assert [(job["state"], job["note"]) for job in jobs] == [("done", "2 words"), ("done", "3 words")]


def test_shell_and_python_send_the_token_that_they_are_given(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path_factory.mktemp("guarded")) as guarded:
        for number in range(2):
            run("call", "add_job", "queue=q", f"instructions=do {number}", "--dir", guarded.folder)
        token = run("token", "create", "--crew", "recipes", "--dir", guarded.folder).stdout.strip()
        env = clean_environment() | {"WORKSPACE_URL": guarded.url, "JOBS_MAX": "1", "WORKSPACE_TOKEN": token}
        subprocess.run([RECIPES / "curl" / "work.sh", "q", "true"], env=env, check=True, timeout=60)
        monkeypatch.setenv("WORKSPACE_TOKEN", token)
        python = runpy.run_path(str(RECIPES / "http_api.py"))["Api"](guarded.url, "airflow")
        job = python.claim("q", wait_seconds=1, visibility_seconds=60)
        assert python.finish(job["job"], "done") == "done"
        listed = json.loads(run("jobs", "--json", "--dir", guarded.folder).stdout)["jobs"]
    assert [one["state"] for one in listed] == ["done", "done"]
