"""Asks over JMAP what will protect a message to each of the addresses that are named, and prints the answer."""
import base64
import http.client
import json
import os
import ssl
import sys

context = ssl.create_default_context(cafile=os.environ["IMAP_CA"])
context.check_hostname = False
user, password = os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"]
fields = {
    "Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode(),
    "Content-Type": "application/json",
}


def ask(method, path, body=None):
    connection = http.client.HTTPSConnection("127.0.0.1", int(os.environ["WEB_PORT"]), context=context, timeout=60)
    connection.request(method, path, body, fields)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    return json.loads(answer.read())


session = ask("GET", "/jmap/session")
account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
using = ["urn:ietf:params:jmap:core", "urn:tradewind:params:jmap:protection"]
call = ["RecipientProtection/get", {"accountId": account, "ids": sys.argv[1:]}, "c"]
path = session["apiUrl"].split("/", 3)[3]
answer = ask("POST", f"/{path}", json.dumps({"using": using, "methodCalls": [call]}))
print(json.dumps(answer["methodResponses"][0][1]["list"]))
