"""Signs in to IMAP over TLS from a given address of this machine.

usage: imap_from.py SOURCE PORT USER PASSWORD AGENT login|fetch|hold
login says OK or NO; fetch also prints the texts of all messages in INBOX; hold says IN and then OUT when the server ends the connection.
"""

import email
import imaplib
import socket
import ssl
import sys

source, port, user, password, agent, what = sys.argv[1:]


class From(imaplib.IMAP4_SSL):
    def _create_socket(self, timeout=None):
        plain = socket.create_connection((self.host, self.port), timeout, source_address=(source, 0))
        return self.ssl_context.wrap_socket(plain, server_hostname=self.host)


context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
client = From("127.0.0.1", int(port), ssl_context=context)
imaplib.Commands["ID"] = ("NONAUTH", "AUTH", "SELECTED")
name, version = agent.split("/")
client._simple_command("ID", f'("name" "{name}" "version" "{version}")')
try:
    client.login(user, password)
except imaplib.IMAP4.error as error:
    print("NO", error)
    sys.exit(0)
if what == "hold":
    print("IN", flush=True)
    while client.readline():
        pass
    print("OUT", flush=True)
    sys.exit(0)
print("OK")
if what == "fetch":
    client.select("INBOX")
    numbers = client.search(None, "ALL")[1][0].split()
    for number in numbers:
        message = email.message_from_bytes(client.fetch(number, "(BODY.PEEK[])")[1][0][1])
        print(str(email.header.make_header(email.header.decode_header(message["Subject"]))))
        for part in message.walk():
            if part.get_content_type() == "text/plain":
                print(part.get_payload(decode=True).decode())
