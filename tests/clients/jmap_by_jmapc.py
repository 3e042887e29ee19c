"""Reads mail over JMAP with jmapc, unchanged."""
import os

import jmapc
from jmapc import Client, Comparator, EmailQueryFilterCondition, MailboxQueryFilterCondition, Ref
from jmapc.methods import (
    EmailGet, EmailGetResponse, EmailQuery, EmailQueryResponse, MailboxGet, MailboxGetResponse, MailboxQuery, ThreadGet,
    ThreadGetResponse,
)

client = Client.create_with_password(
    host=f"127.0.0.1:{os.environ['WEB_PORT']}", user=os.environ["IMAP_USER"], password=os.environ["IMAP_PASSWORD"]
)
results = client.request([
    MailboxQuery(filter=MailboxQueryFilterCondition(role="inbox")),
    MailboxGet(ids=Ref("/ids")),
])
inbox = results[1].response
assert isinstance(inbox, MailboxGetResponse), inbox
inbox = inbox.data[0]
assert inbox.role == "inbox" and inbox.total_emails >= 2, inbox
results = client.request([
    EmailQuery(
        collapse_threads=True, filter=EmailQueryFilterCondition(in_mailbox=inbox.id),
        sort=[Comparator(property="receivedAt", is_ascending=False)], limit=10,
    ),
    EmailGet(ids=Ref("/ids"), properties=["threadId"]),
    ThreadGet(ids=Ref("/list/*/threadId")),
    EmailGet(fetch_all_body_values=True, ids=Ref("/list/*/emailIds"), properties=["subject", "from", "to", "receivedAt", "textBody", "bodyValues"]),
])
query, _, threads, emails = (result.response for result in results)
assert isinstance(query, EmailQueryResponse) and len(query.ids) == 1, query
assert isinstance(threads, ThreadGetResponse) and len(threads.data[0].email_ids) == 2, threads
assert isinstance(emails, EmailGetResponse), emails
assert [email.subject for email in emails.data] == ["Offer", "Re: Offer"], emails
assert "valves" in emails.data[0].body_values[emails.data[0].text_body[0].part_id].value, emails
assert emails.data[0].mail_from[0].email == "li@x.example", emails
client.upload_blob(os.environ["IMAP_CA"])
