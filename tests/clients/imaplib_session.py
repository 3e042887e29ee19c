"""Reads, flags, moves and appends through Python's imaplib. Arguments: UIDs to read, to flag, to move."""
import imaplib
import os
import ssl
import sys

read, flag, move = sys.argv[1:4]


def done(answer):
    kind, data = answer
    assert kind == "OK", answer
    return data


context = ssl.create_default_context(cafile=os.environ["IMAP_CA"])
session = imaplib.IMAP4_SSL("localhost", int(os.environ["IMAP_PORT"]), ssl_context=context)
done(session.login(os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"]))
assert b"INBOX" in b" ".join(done(session.list()))
assert int(done(session.select("INBOX"))[0]) == 3
assert len(done(session.uid("SEARCH", "ALL"))[0].split()) == 3
fetched = done(session.uid("FETCH", read, "(UID FLAGS BODY.PEEK[])"))
assert b"Message-ID: <read@partner.example>" in fetched[0][1], fetched
done(session.uid("STORE", flag, "+FLAGS", r"(\Flagged)"))
assert b" MOVE" in done(session.capability())[0]
done(session.uid("MOVE", move, "Archive"))
message = b"From: a@partner.example\r\nMessage-ID: <append@partner.example>\r\nSubject: appended\r\n\r\nText\r\n"
done(session.append("INBOX", r"(\Seen)", imaplib.Time2Internaldate(1764000000), message))
done(session.noop())
done(session.close())
assert session.logout()[0] == "BYE"
