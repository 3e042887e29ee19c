"""Reads, files and appends in another's mailbox through Python's imaplib. Arguments: the mailbox, "read" or "write"."""
import imaplib
import os
import ssl
import sys

mailbox, right = sys.argv[1:3]


def done(answer):
    kind, data = answer
    assert kind == "OK", answer
    return data


context = ssl.create_default_context(cafile=os.environ["IMAP_CA"])
session = imaplib.IMAP4_SSL("localhost", int(os.environ["IMAP_PORT"]), ssl_context=context)
done(session.login(os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"]))
namespaces = done(session.namespace())[0]
assert b'"Other Users/"' in namespaces and b'"Shared/"' in namespaces, namespaces
quoted = '"' + mailbox + '"'
listed = b"\n".join(done(session.list()))
assert mailbox.encode() in listed, listed
done(session.subscribe(quoted))
assert mailbox.encode() in b"\n".join(done(session.lsub()))
rights = done(session.myrights(quoted))[0].rsplit(b" ", 1)[1].strip(b'"').decode()
count = int(done(session.select(quoted, readonly=right == "read"))[0])
assert count >= 1, count
assert b"Subject" in done(session.fetch("1", "(BODY[])"))[0][1]
if right == "read":
    assert rights == "lr", rights
    assert session.store("1", "+FLAGS", r"(\Seen)")[0] == "NO"
    assert session.append(quoted, None, None, b"Subject: no\r\n\r\nno\r\n")[0] == "NO"
    assert session.copy("1", "Archive")[0] == "OK", "into one's own"
else:
    assert set("lrswite") <= set(rights), rights
    done(session.store("1", "+FLAGS", r"(\Seen $Important)"))
    done(session.append(quoted, r"(\Seen)", None, b"Subject: filed\r\n\r\nfiled\r\n"))
    done(session.uid("MOVE", done(session.uid("SEARCH", "SUBJECT", "filed"))[0].split()[-1].decode(), "Archive"))
assert int(done(session.status("Archive", "(MESSAGES)"))[0].rsplit(b"MESSAGES ", 1)[1].rstrip(b")")) == 1
print(rights)
done(session.close())
session.logout()
