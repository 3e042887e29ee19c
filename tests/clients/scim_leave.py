"""De-provisions somebody by SCIM (RFC 7644). Arguments: port of HTTPS, token, userName."""
import http.client
import json
import os
import ssl
import sys
from urllib.parse import quote

port, token, name = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context(cafile=os.environ["IMAP_CA"])


def ask(method, path, body=None):
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=20)
    connection.request(method, "/scim/v2" + path, json.dumps(body) if body else None,
                       {"Authorization": "Bearer " + token, "Content-Type": "application/scim+json"})
    answer = connection.getresponse()
    assert answer.status == 200, (answer.status, answer.read())
    return json.load(answer)


user = ask("GET", "/Users?filter=" + quote('userName eq "%s"' % name))["Resources"][0]
changed = ask("PATCH", "/Users/" + user["id"], {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "replace", "value": {"active": False}}]})
assert changed["active"] is False
