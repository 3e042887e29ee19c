"""JMAP over WebSocket (RFC 8887), written from RFC 6455 with the standard library alone."""
import base64
import http.client
import json
import os
import socket
import ssl
import struct

host, port = "127.0.0.1", int(os.environ["WEB_PORT"])
user, password = os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"]
context = ssl.create_default_context(cafile=os.environ["IMAP_CA"])
context.check_hostname = False
AUTH = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
MAIL = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]


def http_call(method, path, body=None):
    connection = http.client.HTTPSConnection(host, port, context=context, timeout=60)
    connection.request(method, path, body, {"Authorization": AUTH, "Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())


session = http_call("GET", "/.well-known/jmap")
account = session["primaryAccounts"][MAIL[1]]
offered = session["capabilities"]["urn:ietf:params:jmap:websocket"]
assert offered["supportsPush"] is True and offered["url"].startswith("wss://"), offered
path = "/" + offered["url"].split("/", 3)[3]


class Socket:
    def __init__(self, protocol="jmap", auth=AUTH):
        self.stream = context.wrap_socket(socket.create_connection((host, port), timeout=30))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"Authorization: {auth}"] if auth else []
        lines += [f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []
        self.stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.input = b""
        while b"\r\n\r\n" not in self.input:
            self.input += self.stream.recv(4096)
        head, _, self.input = self.input.partition(b"\r\n\r\n")
        self.head = head.decode().lower()
        self.status = int(head.split()[1])

    def send(self, message, kind=1):
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        length = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + struct.pack(">H", len(body))
        mask = os.urandom(4)
        self.stream.sendall(bytes([0x80 | kind]) + length + mask + bytes(it ^ mask[at % 4] for at, it in enumerate(body)))

    def take(self, count):
        while len(self.input) < count:
            piece = self.stream.recv(65536)
            assert piece, "the connection ended"
            self.input += piece
        taken, self.input = self.input[:count], self.input[count:]
        return taken

    def frame(self):
        first, length = self.take(2)
        if length == 126:
            length = struct.unpack(">H", self.take(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.take(8))[0]
        return first & 15, self.take(length)

    def receive(self):
        while True:
            kind, body = self.frame()
            if kind == 1:
                return json.loads(body)
            assert kind in (9, 10), (kind, body)


assert Socket(auth=None).status == 401
assert Socket(protocol=None).status == 400
client = Socket()
assert client.status == 101 and "sec-websocket-protocol: jmap" in client.head, client.head

# Requests, told apart by their identifiers.
client.send({"@type": "Request", "id": "R1", "using": MAIL, "methodCalls": [["Core/echo", {"a": 1}, "x"]]})
answer = client.receive()
assert answer["@type"] == "Response" and answer["requestId"] == "R1", answer
assert answer["methodResponses"] == [["Core/echo", {"a": 1}, "x"]] and answer["sessionState"] == session["state"], answer
client.send({"@type": "Request", "using": MAIL, "methodCalls": []})
answer = client.receive()
assert answer["methodResponses"] == [] and "requestId" not in answer, answer

# What is no request.
for message, wanted, name in [
    (b"{", "notJSON", None),
    ({"@type": "Request", "id": "R2", "using": MAIL}, "notRequest", "R2"),
    ({"@type": "Request", "id": "R3", "using": ["urn:x"], "methodCalls": []}, "unknownCapability", "R3"),
    ({"@type": "Other", "id": "R4"}, "notRequest", "R4"),
    ({"@type": "WebSocketPushEnable", "id": "R5", "dataTypes": "Email"}, "notRequest", "R5"),
]:
    client.send(message)
    answer = client.receive()
    assert answer["@type"] == "RequestError" and answer["requestId"] == name, answer
    assert answer["type"] == "urn:ietf:params:jmap:error:" + wanted and answer["status"] == 400, answer

# Changes, while they are wanted.
def make(name):
    call = ["Mailbox/set", {"accountId": account, "create": {"m": {"name": name}}}, "x"]
    return http_call("POST", "/jmap/api", json.dumps({"using": MAIL, "methodCalls": [call]}))["methodResponses"][0][1]["newState"]


client.send({"@type": "WebSocketPushEnable", "dataTypes": ["Mailbox"], "pushState": "of another time"})
told = client.receive()
assert told["@type"] == "StateChange" and set(told["changed"][account]) == {"Mailbox"}, told
state = make("one")
told = client.receive()
assert told["changed"] == {account: {"Mailbox": state}}, (told, state)
known = told["pushState"]
client.send({"@type": "WebSocketPushEnable", "dataTypes": None, "pushState": known})
state = make("two")
told = client.receive()
assert told["changed"][account]["Mailbox"] == state, told
client.send({"@type": "WebSocketPushDisable"})
client.send({"@type": "Request", "id": "R6", "using": MAIL, "methodCalls": []})
assert client.receive()["requestId"] == "R6"
make("three")
client.send({"@type": "Request", "id": "R7", "using": MAIL, "methodCalls": []})
assert client.receive()["requestId"] == "R7"

# Frames that are not text end it.
client.send(b"x", kind=2)
kind, body = client.frame()
assert kind == 8 and struct.unpack(">H", body[:2])[0] == 1003, (kind, body)
