"""Signs in by client certificate, SASL EXTERNAL (RFC 4422 appendix A), to IMAP and submission. Environment: CERTIFICATE, KEY; WANTED is
"in" or "out"."""
import imaplib
import os
import smtplib
import ssl

context = ssl.create_default_context(cafile=os.environ["IMAP_CA"])
context.load_cert_chain(os.environ["CERTIFICATE"], os.environ["KEY"])
session = imaplib.IMAP4_SSL("localhost", int(os.environ["IMAP_PORT"]), ssl_context=context)
assert "AUTH=EXTERNAL" in session.capabilities, session.capabilities
mail = smtplib.SMTP_SSL("localhost", int(os.environ["SUBMISSIONS"]), context=context)
mail.ehlo()
assert "EXTERNAL" in mail.esmtp_features["auth"], mail.esmtp_features
if os.environ["WANTED"] == "in":
    session.authenticate("EXTERNAL", lambda _: b"")
    assert session.select("INBOX")[0] == "OK"
    assert mail.docmd("AUTH", "EXTERNAL =")[0] == 235
else:
    try:
        session.authenticate("EXTERNAL", lambda _: b"")
        raise SystemExit("the certificate let in")
    except imaplib.IMAP4.error:
        pass
    assert mail.docmd("AUTH", "EXTERNAL =")[0] == 535
