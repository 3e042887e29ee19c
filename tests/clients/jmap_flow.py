"""Reads, files, writes and looks for mail over JMAP. Written from RFC 8620 and 8621 with the standard library alone."""
import base64
import http.client
import imaplib
import json
import os
import ssl

host, port = "127.0.0.1", int(os.environ["WEB_PORT"])
user, password = os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"]
CORE, MAIL, SUBMISSION = (f"urn:ietf:params:jmap:{it}" for it in ("core", "mail", "submission"))
LABELS = "urn:tradewind:params:jmap:labels"
colleague = os.environ["COLLEAGUE"]
context = ssl.create_default_context(cafile=os.environ["IMAP_CA"])
context.check_hostname = False
AUTH = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def http_call(method, path, body=None, headers=None):
    connection = http.client.HTTPSConnection(host, port, context=context, timeout=60)
    connection.request(method, path, body, {"Authorization": AUTH, **(headers or {})})
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def api(body, kind="application/json"):
    body = body if isinstance(body, (bytes, str)) else json.dumps(body)
    status, _, answer = http_call("POST", path_of(session["apiUrl"]), body, {"Content-Type": kind})
    return status, json.loads(answer)


def path_of(url):
    prefix = f"https://{host}:{port}"
    assert url.startswith(prefix), url
    return url[len(prefix):]


def calls(*given):
    named = [[name, {"accountId": account, **arguments}, f"c{at}"] for at, (name, arguments) in enumerate(given)]
    status, answer = api({"using": [CORE, MAIL, SUBMISSION, LABELS], "methodCalls": named})
    assert status == 200, answer
    assert answer["sessionState"] == session["state"], answer
    answers = answer["methodResponses"]
    assert {it[2] for it in answers} == {it[2] for it in named}, answers
    return [it[1] for it in answers]


# The session, and who gets none.
status, headers, body = http_call("GET", "/.well-known/jmap")
assert status == 200, (status, body)
assert "no-store" in headers["cache-control"], headers
session = json.loads(body)
account = session["primaryAccounts"][MAIL]
status, headers, body = http_call("GET", "/jmap/session", headers={"Authorization": "Basic " + base64.b64encode(f"{user}:wrong".encode()).decode()})
assert status == 401 and "www-authenticate" in headers, (status, headers)

# Requests that are none.
for body, kind, wanted in [
    ("{", "application/json", "notJSON"),
    ("{}", "text/plain", "notJSON"),
    ("{}", "application/json", "notRequest"),
    ('{"using":["urn:x"],"methodCalls":[]}', "application/json", "unknownCapability"),
    (json.dumps({"using": [CORE], "methodCalls": [["Core/echo", {}, "a"]] * 100}), "application/json", "limit"),
]:
    status, answer = api(body, kind)
    assert status == 400 and answer["type"] == "urn:ietf:params:jmap:error:" + wanted, (body[:40], status, answer)
status, answer = api({"using": [CORE], "methodCalls": [["Core/echo", {"a": [1]}, "x"], ["Mailbox/get", {}, "y"]]})
assert answer["methodResponses"][0] == ["Core/echo", {"a": [1]}, "x"], answer
assert answer["methodResponses"][1][1]["type"] == "unknownMethod", answer

# A file is sent, put into a draft, and fetched again.
content = bytes(range(256)) * 40
upload = path_of(session["uploadUrl"].replace("{accountId}", account))
status, _, answer = http_call("POST", upload, content, {"Content-Type": "application/pdf"})
file = json.loads(answer)
assert status == 201 and file["size"] == len(content) and file["type"] == "application/pdf", (status, file)
mailboxes = {it["role"]: it["id"] for it in calls(("Mailbox/get", {"ids": None}))[0]["list"]}
draft = {
    "mailboxIds": {mailboxes["drafts"]: True}, "keywords": {"$draft": True}, "from": [{"email": user}], "subject": "报价单",
    "to": [{"name": "Müller", "email": "mueller@partner.example"}], "bodyValues": {"t": {"value": "您好，附件是合同。"}},
    "textBody": [{"partId": "t", "type": "text/plain"}],
    "attachments": [{"blobId": file["blobId"], "type": "application/pdf", "name": "合同.pdf"}],
}
(made,) = calls(("Email/set", {"create": {"d": draft}}))
email = made["created"]["d"]["id"]
(got,) = calls(("Email/get", {"ids": [email], "fetchTextBodyValues": True}))
got = got["list"][0]
assert got["subject"] == "报价单" and got["keywords"] == {"$draft": True}, got
assert [it["value"] for it in got["bodyValues"].values()] == ["您好，附件是合同。"], got
attachment = got["attachments"][0]
assert attachment["name"] == "合同.pdf" and attachment["size"] == len(content), attachment
download = session["downloadUrl"].replace("{accountId}", account).replace("{blobId}", attachment["blobId"])
download = path_of(download.replace("{name}", "a.pdf").replace("{type}", "application/pdf"))
status, headers, body = http_call("GET", download)
assert status == 200 and body == content and headers["content-type"] == "application/pdf", (status, headers)
assert "attachment" in headers["content-disposition"] and "sandbox" in headers["content-security-policy"], headers
status, _, _ = http_call("GET", download.replace(attachment["blobId"], "M1"))
assert status == 404, status

# What IMAP does is seen here, and the other way about; both call a message by one identifier.
state = calls(("Email/get", {"ids": []}))[0]["state"]
query = {"filter": {"inMailbox": mailboxes["inbox"]}, "collapseThreads": True}
before = calls(("Email/query", query))[0]
imap = imaplib.IMAP4_SSL(host, int(os.environ["IMAP_PORT"]), ssl_context=context)
imap.login(user, password)
letter = f"From: li@x.example\r\nTo: {user}\r\nSubject: Offer\r\nMessage-ID: <jmap-1@x.example>\r\n\r\nvalves\r\n"
imap.append("INBOX", None, None, letter.encode())
changes, after = calls(("Email/changes", {"sinceState": state}), ("Email/queryChanges", {**query, "sinceQueryState": before["queryState"]}))
(new,) = changes["created"]
ids = [it for it in before["ids"] if it not in after["removed"]]
for added in after["added"]:
    ids.insert(added["index"], added["id"])
assert ids == calls(("Email/query", query))[0]["ids"] and ids[0] == new, (ids, after)
imap.select("INBOX")
numbers = imap.search(None, "SUBJECT", "Offer")[1][0].split()
assert new.encode() in imap.fetch(numbers[-1], "(EMAILID)")[1][0], new
calls(("Email/set", {"update": {new: {"keywords/$flagged": True}}}))
imap.noop()
assert b"\\Flagged" in imap.fetch(numbers[-1], "(FLAGS)")[1][0]


def labelled(name):
    label = calls(("Label/set", {"create": {"l": {"name": name}}}))[0]["created"]["l"]
    calls(("Email/set", {"update": {new: {f"keywords/{label['keyword']}": True}}}))
    imap.noop()
    return label["id"], imap.fetch(numbers[-1], "(FLAGS)")[1][0]


# A label is a keyword over IMAP. The bit of one that was deleted stands for the next one, also in a session that knew the first.
first, flags = labelled("first")
assert b"first" in flags, flags
calls(("Label/set", {"destroy": [first]}))
second, flags = labelled("second")
assert b"second" in flags and b"first" not in flags, flags
calls(("Label/set", {"destroy": [second]}))
found, snippets = calls(
    ("Email/query", {"filter": {"text": "valves"}}),
    ("SearchSnippet/get", {"filter": {"text": "valves"}, "#emailIds": {"resultOf": "c0", "name": "Email/query", "path": "/ids"}}),
)
assert new in found["ids"] and "<mark>valves</mark>" in json.dumps(snippets), (found, snippets)

# A change is told while it happens, and a client that was away is told at once.
events = path_of(session["eventSourceUrl"].replace("{types}", "Email,Mailbox").replace("{closeafter}", "state").replace("{ping}", "300"))
listening = http.client.HTTPSConnection(host, port, context=context, timeout=60)
listening.request("GET", events, headers={"Authorization": AUTH, "Accept": "text/event-stream"})
stream = listening.getresponse()
assert stream.status == 200 and stream.getheader("content-type").startswith("text/event-stream"), stream.status
calls(("Email/set", {"update": {new: {"keywords/$flagged": None}}}))
told = stream.read().decode()
lines = dict(line.split(": ", 1) for line in told.strip().splitlines())
assert lines["event"] == "state", told
change = json.loads(lines["data"])
assert change["@type"] == "StateChange" and set(change["changed"][account]) == {"Email", "Mailbox"}, change
assert change["changed"][account]["Email"] == calls(("Email/get", {"ids": []}))[0]["state"], change
status, _, again = http_call("GET", events, headers={"Last-Event-ID": "long-ago"})
assert status == 200 and b"event: state" in again, again

# A message is sent to a colleague at once, another waits for its time and is called back.
identity = calls(("Identity/get", {"ids": None}))[0]["list"][0]
assert identity["email"] == user, identity
letter = {**draft, "to": [{"email": colleague}], "bcc": [{"email": user}], "subject": "For a colleague"}
del letter["attachments"]
made, sent, filed = calls(
    ("Email/set", {"create": {"d": letter}}),
    ("EmailSubmission/set", {
        "create": {"s": {"identityId": identity["id"], "emailId": "#d"}},
        "onSuccessUpdateEmail": {"#s": {f"mailboxIds/{mailboxes['drafts']}": None, f"mailboxIds/{mailboxes['sent']}": True, "keywords/$draft": None}},
    }),
)
submission = sent["created"]["s"]
assert [it["email"] for it in submission["envelope"]["rcptTo"]] == [colleague, user], submission
assert list(filed["updated"]) == [made["created"]["d"]["id"]], filed
(copy,) = calls(("Email/query", {"filter": {"inMailbox": mailboxes["inbox"], "subject": "colleague"}}))[0]["ids"]
(copy,) = calls(("Email/get", {"ids": [copy], "properties": ["bcc", "from", "header:Received:asRaw"]}))[0]["list"]
assert copy["bcc"] is None and copy["from"][0]["email"] == user and copy["header:Received:asRaw"], copy
envelope = {"mailFrom": {"email": user, "parameters": {"HOLDFOR": "3600"}}, "rcptTo": [{"email": "a@partner.example"}]}
waiting = {"identityId": identity["id"], "emailId": made["created"]["d"]["id"], "envelope": envelope}
forged = {**waiting, "envelope": {**envelope, "mailFrom": {"email": colleague}}}
(sent,) = calls(("EmailSubmission/set", {"create": {"w": waiting, "f": forged}}))
assert sent["notCreated"]["f"]["type"] == "forbiddenMailFrom", sent
waits = sent["created"]["w"]["id"]
assert sent["created"]["w"]["undoStatus"] == "pending", sent
(undone,) = calls(("EmailSubmission/set", {"update": {waits: {"undoStatus": "canceled"}}}))
assert undone["updated"] == {waits: None}, undone
got = calls(("EmailSubmission/get", {"ids": [waits]}))[0]["list"][0]
assert got["undoStatus"] == "canceled", got
calls(("Email/set", {"destroy": [new, email]}))
assert calls(("Email/get", {"ids": [new, email]}))[0]["notFound"] == [new, email]
