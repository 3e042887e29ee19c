//! Mail that people here send by another protocol than SMTP: held to the same rules as what comes in for submission.

use std::net::SocketAddr;
use std::sync::Arc;

use letters::{NotSent, Noting, Outgoing};
use wire::smtp::server::{Kind, Verdict};
use wire::smtp::{BodyKind, Envelope, ForwardPath, Hold, MailParams, RcptParams, Recipient, ReversePath};

use super::Receiver;
use super::conversation::Conversation;

impl Receiver {
    /// Takes a message for delivery under the rules for submission; gives what of it waits in the queue. When this returns, it is on disk
    /// and in mailboxes or the queue, and what `noting` writes stands.
    ///
    /// # Errors
    /// [`NotSent`] with the reason; then nobody gets anything.
    pub async fn submit(self: &Arc<Self>, outgoing: Outgoing, noting: Noting) -> Result<Vec<i64>, NotSent> {
        let Outgoing { principal, peer, from, recipients, hold_until, body } = outgoing;
        let settings = self.settings.now();
        if body.len() as u64 > settings.message_bytes_max {
            return Err(NotSent::TooLarge(settings.message_bytes_max));
        }
        if recipients.len() > settings.recipients_max {
            return Err(NotSent::TooManyRecipients(settings.recipients_max));
        }
        let path = format!("<{from}>");
        let Ok((from, "")) = ReversePath::take(&path) else {
            return Err(NotSent::From(format!("{from:?} is no address")));
        };
        let params = MailParams {
            hold: hold_until.map(Hold::Until),
            smtputf8: !path.is_ascii() || recipients.iter().any(|to| !to.is_ascii()),
            body: (!body.is_ascii()).then_some(BodyKind::EightBitMime),
            ..MailParams::default()
        };
        let door = self.door(Kind::Submissions);
        let mut conversation = Conversation::within(&door, principal, SocketAddr::new(peer, 0));
        conversation.noting = Some(noting);
        accepted(conversation.judge_sender(&from, &params).await, NotSent::From)?;
        let mut taken = Vec::with_capacity(recipients.len());
        let mut refused = Vec::new();
        for text in recipients {
            let path = format!("<{text}>");
            let Ok((to, "")) = ForwardPath::take(&path) else {
                refused.push((text, "it is no address".to_owned()));
                continue;
            };
            match accepted(conversation.judge_recipient(&to, &RcptParams::default()).await, NotSent::Message) {
                Ok(()) => taken.push(Recipient { to, params: RcptParams::default() }),
                Err(NotSent::Message(why)) => refused.push((text, why)),
                Err(other) => return Err(other),
            }
        }
        if !refused.is_empty() {
            return Err(NotSent::Recipients(refused));
        }
        let verdict = conversation.accept(Envelope { from, params, recipients: taken }, body).await;
        let outcome = accepted(verdict, NotSent::Message);
        let figures = &self.figures;
        if outcome.is_ok() {
            figures.messages_accepted.add(1)
        } else {
            figures.messages_refused.add(1)
        };
        outcome.map(|()| conversation.queued)
    }
}

/// The session's answer as an error of the kind that `refusal` makes, if it is one.
fn accepted(verdict: Verdict, refusal: fn(String) -> NotSent) -> Result<(), NotSent> {
    match verdict {
        Verdict::Accept { .. } => Ok(()),
        Verdict::Reject(reply) | Verdict::Close(reply) => {
            let text = reply.text.into_owned();
            Err(if reply.code < 500 { NotSent::Temporary(text) } else { refusal(text) })
        }
    }
}
