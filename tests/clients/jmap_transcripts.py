"""Plays the transcripts in tests/transcripts against a running server: each step is a call with what must be answered.

`call` and `gives` (or `error`): one call, `accountId` added, and members that its answer must have; lists and plain values are compared
whole. `calls` and `answers`: several in one request, each answer a list of name and members. `upload` sends a file, `message` puts a
message into the inbox. `raw` sends a body as it stands; `status` and `problem` say what comes back. `lacks` names members that must not
be in the answer of a call. "${name}" stands for what was seen before under this name, or, where an answer is expected, takes it;
"$any" is anything but null.
"""
import base64
import http.client
import json
import os
import pathlib
import ssl
import sys

host, port = "127.0.0.1", int(os.environ["WEB_PORT"])
user, password = os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"]
context = ssl.create_default_context(cafile=os.environ["IMAP_CA"])
context.check_hostname = False
AUTH = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
connection = http.client.HTTPSConnection(host, port, context=context, timeout=60)


class Different(Exception):
    pass


def http_call(method, path, body=None, headers=None):
    connection.request(method, path, body, {"Authorization": AUTH, **(headers or {})})
    answer = connection.getresponse()
    return answer.status, answer.read()


def path_of(url):
    return "/" + url.split("/", 3)[3]


session = json.loads(http_call("GET", "/.well-known/jmap")[1])
account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
USING = [it for it in session["capabilities"]]


def api(body, kind="application/json"):
    status, answer = http_call("POST", path_of(session["apiUrl"]), body, {"Content-Type": kind})
    return status, json.loads(answer)


def calls(listed):
    named = [[name, {"accountId": account, **arguments} if name != "Core/echo" else arguments, str(at)] for at, (name, arguments) in enumerate(listed)]
    status, answer = api(json.dumps({"using": USING, "methodCalls": named}))
    if status != 200:
        raise Different(f"{status}: {answer}")
    return answer["methodResponses"]


def call(name, arguments):
    return calls([[name, arguments]])[0][1]


def filled(value, known):
    if isinstance(value, str):
        if value.startswith("${") and value.endswith("}"):
            return known[value[2:-1]]
        for name, it in known.items():
            if isinstance(it, str):
                value = value.replace("${" + name + "}", it)
        return value
    if isinstance(value, list):
        return [filled(it, known) for it in value]
    if isinstance(value, dict):
        return {filled(name, known): filled(it, known) for name, it in value.items()}
    return value


def compare(wanted, found, known, place):
    if isinstance(wanted, str) and wanted.startswith("${") and wanted.endswith("}"):
        name = wanted[2:-1]
        if name not in known:
            if found is None:
                raise Different(f"{place}: nothing to take as {name}")
            known[name] = found
        wanted = known[name]
    elif isinstance(wanted, str):
        wanted = filled(wanted, known)
    if wanted == "$any":
        if found is None:
            raise Different(f"{place}: null")
    elif isinstance(wanted, dict):
        if not isinstance(found, dict):
            raise Different(f"{place}: {found!r} is no object")
        if not wanted and found:
            raise Different(f"{place}: {found!r} is not empty")
        for name, it in wanted.items():
            name = filled(name, known)
            if name not in found:
                raise Different(f"{place}/{name} is missing in {found!r}")
            compare(it, found[name], known, f"{place}/{name}")
    elif isinstance(wanted, list):
        if not isinstance(found, list) or len(wanted) != len(found):
            raise Different(f"{place}: {found!r} instead of {wanted!r}")
        for at, (one, other) in enumerate(zip(wanted, found)):
            compare(one, other, known, f"{place}/{at}")
    elif wanted != found or type(wanted) is not type(found):
        raise Different(f"{place}: {found!r} instead of {wanted!r}")


def play_calls(step, known):
    listed = step["calls"] if "calls" in step else [step["call"]]
    answers = calls(filled(listed, known))
    if "calls" in step:
        if len(answers) != len(step["answers"]):
            raise Different(f"{len(answers)} answers: {answers}")
        for (name, members), (found_name, found, _) in zip(step["answers"], answers):
            compare(name, found_name, known, "name of " + json.dumps(found))
            compare(members, found, known, name)
        return
    (name, found, _), method = answers[0], step["call"][0]
    if "error" in step:
        if name != "error" or found["type"] != step["error"]:
            raise Different(f"{name} {found} instead of the error {step['error']}")
    elif name != method:
        raise Different(f"{name} {found}")
    compare(step.get("gives", "$any"), found, known, method)
    for path in step.get("lacks", []):
        at = found
        for part in filled(path, known).split("/"):
            at = at[int(part)] if isinstance(at, list) else (at or {}).get(part)
            if at is None:
                break
        if at is not None:
            raise Different(f"{path} is {at!r}")


def keep_file(text, kind):
    upload = path_of(session["uploadUrl"].replace("{accountId}", account))
    status, answer = http_call("POST", upload, text.encode(), {"Content-Type": kind})
    if status != 201:
        raise Different(f"upload: {status} {answer}")
    return json.loads(answer)["blobId"]


def put_message(step, known):
    blob = keep_file(filled(step["message"], known).replace("\n", "\r\n"), "message/rfc822")
    mailboxes = filled(step.get("mailboxIds", {"${inbox}": True}), known)
    email = {"blobId": blob, "mailboxIds": mailboxes, "keywords": step.get("keywords", {})}
    email.update({name: step[name] for name in ["receivedAt"] if name in step})
    made = call("Email/import", {"emails": {"m": email}})
    if not made["created"]:
        raise Different(f"message: {made}")
    for name in ["id", "threadId", "blobId"]:
        known[step["as"] + ("" if name == "id" else "." + name)] = made["created"]["m"][name]


def play(step, known):
    if "upload" in step:
        known[step["as"]] = keep_file(filled(step["upload"], known), step.get("type", "text/plain"))
    elif "message" in step:
        put_message(step, known)
    elif "raw" in step:
        raw = step["raw"] if isinstance(step["raw"], str) else json.dumps(filled(step["raw"], known))
        status, answer = api(raw, step.get("type", "application/json"))
        if status != step["status"]:
            raise Different(f"status {status}: {answer}")
        if "problem" in step:
            compare("urn:ietf:params:jmap:error:" + step["problem"], answer["type"], known, "type")
        compare(step.get("gives", "$any"), answer, known, "answer")
    else:
        play_calls(step, known)


def clean():
    """An account as it was in the beginning, as far as the transcripts can tell."""
    for kind, more in [("Email", {}), ("Mailbox", {"onDestroyRemoveEmails": True}), ("ContactCard", {}), ("AddressBook", {}), ("Identity", {})]:
        found = call(f"{kind}/get", {"ids": None, "properties": ["id"] if kind != "Mailbox" else ["id", "role"]})["list"]
        gone = [it["id"] for it in found if not it.get("role") and it["id"] != "default" and not it["id"].startswith("A")]
        if gone:
            call(f"{kind}/set", {"destroy": gone, **more})


count, failures = 0, []
for file in sorted(pathlib.Path(os.environ["TRANSCRIPTS"]).glob("*.json")):
    for name, steps in json.loads(file.read_text()).items():
        count += 1
        clean()
        known = {"account": account, "user": user}
        for mailbox in call("Mailbox/get", {"ids": None})["list"]:
            known[mailbox["role"]] = mailbox["id"]
        for at, step in enumerate(steps):
            try:
                play(step, known)
            except (Different, KeyError) as why:
                failures.append(f"{file.name}: {name}, step {at + 1}: {why}")
                break
print(f"{count} transcripts, {len(failures)} failed")
if failures or count < 60:
    sys.exit("\n".join(failures) or "too few transcripts")
