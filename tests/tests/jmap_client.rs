//! JMAP, against the client library `jmap-client`, unchanged.

use std::time::Duration;

use futures_util::StreamExt;
use harness::{Access, Failure, Options, Outcome, Tradewind};
use jmap_client::client::Client;
use jmap_client::client_ws::WebSocketMessage;
use jmap_client::core::query::Filter;
use jmap_client::email::{self, Property};
use jmap_client::mailbox::{self, Role};
use jmap_client::{DataType, PushObject};

const PATIENCE: Duration = Duration::from_secs(20);

/// A letter whose subject is `subject`.
fn letter(from: &str, to: &str, subject: &str) -> Vec<u8> {
    format!("From: <{from}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nMessage-ID: <{subject}@x.example>\r\n\r\nvalves\r\n")
        .into()
}

async fn connect(tradewind: &Tradewind, access: &Access) -> Outcome<Client> {
    let url = format!("https://127.0.0.1:{}", tradewind.listen("https")?.port());
    let client = Client::new()
        .credentials((access.user.as_str(), access.password.as_str()))
        .accept_invalid_certs(true)
        .follow_redirects(["127.0.0.1"])
        .connect(&url);
    Ok(client.await?)
}

/// The client and the number of its inbox.
async fn inbox_of(tradewind: &Tradewind, role: &str) -> Outcome<(Client, String)> {
    let client = connect(tradewind, &tradewind.access(role)?).await?;
    let found = client.mailbox_query(mailbox::query::Filter::role(Role::Inbox).into(), None::<Vec<_>>).await?;
    let inbox = found.ids().first().cloned().ok_or_else(|| Failure::new("no inbox"))?;
    Ok((client, inbox))
}

#[tokio::test]
async fn mail_is_imported_found_changed_and_removed() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let (client, inbox) = inbox_of(&tradewind, "sales").await?;
    let before = client.email_query(None::<Filter<_>>, None::<Vec<_>>).await?;
    let raw = letter("li@x.example", "sales@trade.test", "Offer");
    let mut imported = client.email_import(raw.clone(), [&inbox], Some(["$draft"]), Some(1_700_000_000)).await?;
    let id = imported.take_id();
    let wanted = [Property::Subject, Property::From, Property::Keywords, Property::ReceivedAt, Property::BlobId];
    let read = client.email_get(&id, Some(wanted.clone())).await?.ok_or_else(|| Failure::new("the letter is gone"))?;
    assert_eq!((read.subject(), read.received_at()), (Some("Offer"), Some(1_700_000_000)));
    assert_eq!(read.from().map(|from| from[0].email()), Some("li@x.example"));
    assert_eq!(client.download(read.blob_id().ok_or_else(|| Failure::new("no blob"))?).await?, raw);

    let found = client.email_query(email::query::Filter::text("valves").into(), None::<Vec<_>>).await?;
    assert_eq!(found.ids(), std::slice::from_ref(&id));
    let archive = client.mailbox_create("Orders", None::<String>, Role::None).await?.take_id();
    client.email_set_mailbox(&id, &archive, true).await?;
    client.email_set_keyword(&id, "$flagged", true).await?;
    let read = client.email_get(&id, Some(wanted)).await?.ok_or_else(|| Failure::new("the letter is gone"))?;
    let mut keywords = read.keywords();
    keywords.sort_unstable();
    assert_eq!(keywords, ["$draft", "$flagged"]);
    let changes = client.email_query_changes(before.query_state(), None::<Filter<_>>).await?;
    assert!(changes.added().iter().any(|added| added.id() == id), "{changes:?}");

    client.mailbox_rename(&archive, "Old orders").await?;
    let renamed =
        client.mailbox_get(&archive, None::<Vec<_>>).await?.ok_or_else(|| Failure::new("the mailbox is gone"))?;
    assert_eq!((renamed.name(), renamed.total_emails()), (Some("Old orders"), 1));
    client.email_destroy(&id).await?;
    client.mailbox_destroy(&archive, false).await?;
    assert!(client.mailbox_get(&archive, None::<Vec<_>>).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn mail_is_sent_and_the_reader_is_told() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let (client, _) = inbox_of(&tradewind, "sales").await?;
    let (reader, inbox) = inbox_of(&tradewind, "finance").await?;
    let (from, to) = (tradewind.account("sales")?.address, tradewind.account("finance")?.address);
    let mut events = reader.event_source(None::<Vec<DataType>>, true, Some(5), None).await?;
    let mut socket = reader.connect_ws().await?;
    reader.enable_push_ws(None::<Vec<DataType>>, None::<String>).await?;

    let drafts = client.mailbox_query(mailbox::query::Filter::role(Role::Drafts).into(), None::<Vec<_>>).await?;
    let drafts = drafts.ids().first().cloned().ok_or_else(|| Failure::new("no drafts"))?;
    let id = client.email_import(letter(&from, &to, "Order"), [drafts], Some(["$draft"]), None).await?.take_id();
    let mut identities = client.build();
    identities.get_identity();
    let identities = identities.send_get_identity().await?;
    let identity =
        identities.list().first().and_then(|it| it.id()).ok_or_else(|| Failure::new("no identity"))?.to_owned();
    client.email_submission_create(id, identity).await?;

    let told = tokio::time::timeout(PATIENCE, events.next()).await?.ok_or_else(|| Failure::new("no event"))??;
    assert!(format!("{told:?}").contains("Email"), "{told:?}");
    let told = tokio::time::timeout(PATIENCE, socket.next()).await?.ok_or_else(|| Failure::new("no push"))??;
    let WebSocketMessage::PushNotification(PushObject::StateChange { changed }) = told else {
        return Err(Failure::new(format!("no change of state: {told:?}")));
    };
    assert!(changed.values().any(|states| states.contains_key(&DataType::Email)), "{changed:?}");
    let found = reader.email_query(email::query::Filter::in_mailbox(&inbox).into(), None::<Vec<_>>).await?;
    let newest = found.ids().first().ok_or_else(|| Failure::new("nothing arrived"))?;
    let read =
        reader.email_get(newest, Some([Property::Subject])).await?.ok_or_else(|| Failure::new("the letter is gone"))?;
    assert_eq!(read.subject(), Some("Order"));

    let mut asked = reader.build();
    asked.get_email().ids([newest]).properties([Property::Subject]);
    let number = reader.send_ws(asked).await?;
    let answer = tokio::time::timeout(PATIENCE, socket.next()).await?.ok_or_else(|| Failure::new("no answer"))??;
    let WebSocketMessage::Response(answer) = answer else { return Err(Failure::new("no answer")) };
    assert_eq!(answer.request_id(), Some(number.as_str()));
    Ok(())
}

#[tokio::test]
async fn scripts_and_automatic_replies_are_set() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let (client, _) = inbox_of(&tradewind, "sales").await?;
    let script = "require [\"fileinto\"];\r\nif header :contains \"subject\" \"Offer\" { fileinto \"INBOX\"; }\r\n";
    client.sieve_script_validate(script).await?;
    assert!(client.sieve_script_validate("no script").await.is_err());
    let id = client.sieve_script_create("offers", script, true).await?.take_id();
    let kept = client.sieve_script_get(&id, None::<Vec<_>>).await?.ok_or_else(|| Failure::new("the script is gone"))?;
    assert_eq!((kept.name(), kept.is_active()), (Some("offers"), true));
    assert_eq!(client.download(kept.blob_id().ok_or_else(|| Failure::new("no blob"))?).await?, script.as_bytes());
    client.sieve_script_deactivate().await?;
    client.sieve_script_destroy(&id).await?;
    client.vacation_response_enable("Away", Some("Back on Monday"), None::<String>).await?;
    let reply = client.vacation_response_get(None::<Vec<_>>).await?.ok_or_else(|| Failure::new("no reply"))?;
    assert_eq!((reply.subject(), reply.is_enabled()), (Some("Away"), true));
    Ok(())
}
