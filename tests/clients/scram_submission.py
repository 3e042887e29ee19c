"""Submits a message signed in by SCRAM-SHA-256 (RFC 7677), written from the RFC. Arguments: port of submissions, recipient."""
import base64
import hashlib
import hmac
import os
import secrets
import smtplib
import ssl
import sys

port, recipient = int(sys.argv[1]), sys.argv[2]
user, password = os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"].encode()
context = ssl.create_default_context(cafile=os.environ["IMAP_CA"])
session = smtplib.SMTP_SSL("localhost", port, context=context)
session.ehlo()
assert "SCRAM-SHA-256" in session.esmtp_features["auth"], session.esmtp_features


def digest(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def say(line):
    code, answer = session.docmd(line)
    return code, base64.b64decode(answer) if code == 334 else answer


nonce = secrets.token_hex(12)
bare = f"n={user.replace('=', '=3D').replace(',', '=2C')},r={nonce}"
code, first = say("AUTH SCRAM-SHA-256 " + base64.b64encode(b"n,," + bare.encode()).decode())
assert code == 334, first
fields = dict(field.split("=", 1) for field in first.decode().split(","))
assert fields["r"].startswith(nonce) and int(fields["i"]) >= 4096
salted = hashlib.pbkdf2_hmac("sha256", password, base64.b64decode(fields["s"]), int(fields["i"]))
without_proof = f"c=biws,r={fields['r']}"
signed = f"{bare},{first.decode()},{without_proof}".encode()
client_key = digest(salted, b"Client Key")
signature = digest(hashlib.sha256(client_key).digest(), signed)
proof = bytes(one ^ two for one, two in zip(client_key, signature))
code, last = say(base64.b64encode(f"{without_proof},p={base64.b64encode(proof).decode()}".encode()).decode())
assert code == 334, last
assert last == b"v=" + base64.b64encode(digest(digest(salted, b"Server Key"), signed)), "the server does not know the password"
code, answer = session.docmd("")
assert code == 235, answer
message = f"From: {user}\r\nTo: {recipient}\r\nSubject: by SCRAM\r\n\r\nText\r\n"
assert session.sendmail(user, [recipient], message) == {}
session.quit()
