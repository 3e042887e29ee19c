//! Mail to those whose home is in another region: a stranger's is passed on there while he waits, so that nothing of it rests here; what our people
//! send there is refused at once where no rule lets it go.

use std::sync::Arc;

use identity::Abroad;
use residence::{Crossing, Decision, class_of};
use trace::Reply as Said;
use wire::smtp::Envelope;
use wire::smtp::client::Answer;
use wire::smtp::server::Verdict;

use super::authenticate::Vouched;
use super::conversation::Conversation;
use super::recipients::{Home, Taken, new_recipient};
use crate::deliver::abroad::{Passing, crossing_of};

impl Conversation<'_> {
    /// The one recipient of a message that is passed on.
    pub(super) fn passes_on(&self) -> Option<(&Taken, Arc<Abroad>)> {
        let taken = self.taken.iter().find(|taken| matches!(taken.home, Home::Abroad { .. }))?;
        Some((taken, Arc::clone(taken.abroad.as_ref()?)))
    }

    /// Refuses what our people send to other regions and no rule lets go there. It is decided anew when it leaves.
    pub(super) async fn check_crossings(&self, body: &[u8], number: i64) -> Result<(), Verdict> {
        let Some(principal) = &self.principal else { return Ok(()) };
        let class = class_of(body);
        let crossings = self.taken.iter().filter_map(|taken| {
            let (address, domain) = (taken.address.to_string(), taken.address.domain_ascii());
            let abroad = (taken.abroad.as_deref()?, domain.as_str());
            let what = (number, address.as_str());
            Some((crossing_of(principal.organisation, abroad, class, Some(principal.account), what), address))
        });
        for (crossing, address) in crossings.collect::<Vec<(Crossing, String)>>() {
            let deliverer = &self.door.receiver.deliverer;
            match deliverer.decided(vec![crossing.clone()], false).await {
                Ok(Decision::Denied(_)) => {}
                Ok(Decision::Allowed(_) | Decision::Within) => continue,
                Err(_) => return Err(undecided()),
            }
            match deliverer.decided(vec![crossing], true).await {
                Ok(Decision::Denied(denial)) => {
                    let text = format!("{address} is in another region: {denial}");
                    return Err(Verdict::reject(550, (5, 7, 1), text));
                }
                Ok(Decision::Allowed(_) | Decision::Within) => {}
                Err(_) => return Err(undecided()),
            }
        }
        Ok(())
    }

    /// Passes a stranger's message on to the region of its recipient, and answers as the server there does.
    pub(super) async fn pass_on(&self, received: &Envelope, vouched: Vouched, (number, id): (i64, &str)) -> Verdict {
        let (Some((taken, abroad)), Some(asked)) = (self.passes_on(), received.recipients.first()) else {
            return undecided();
        };
        let receiver = &self.door.receiver;
        let Vouched { body, results, origin, .. } = vouched;
        let trace = results + &self.received_field(received, id, receiver.store.context().clock.now());
        let reverse_path = received.from.mailbox().map(ToString::to_string).unwrap_or_default();
        let params = &received.params;
        let region = abroad.region.clone();
        let envelope = queue::Envelope {
            reverse_path,
            envid: params.envid.clone(),
            smtputf8: params.smtputf8,
            requiretls: params.require_tls,
            body_8bit: !body.is_ascii(),
            origin,
            trace,
            ..queue::Envelope::default()
        };
        let bytes = body.len() as u64;
        let recipient = new_recipient(taken, &asked.params);
        let answer = receiver.deliverer.pass_on(Passing { number, recipient, abroad, envelope, body }).await;
        tracing::info!(%id, region, bytes, code = answer.code, "a message was passed on to another region, or not");
        if answer.is_positive() {
            receiver.figures.bytes_accepted.add(bytes);
            // Its words may name somebody, and nothing that does rests here.
            let reply = Said { code: answer.code, ..Said::default() };
            self.tell_passed_on(received, number, (&region, reply)).await;
            return Verdict::accept(format!("Passed on to region {region} as {id}"));
        }
        told(answer)
    }
}

/// The other server's answer as ours.
fn told(answer: Answer) -> Verdict {
    let answer = answer.consistent();
    let class = if answer.code / 100 == 5 { 5 } else { 4 };
    let enhanced = answer.enhanced.map_or((class, 0, 0), |it| (it.class, it.subject, it.detail));
    let text = answer.text.lines().collect::<Vec<&str>>().join(" ");
    Verdict::reject(answer.code, enhanced, text)
}

fn undecided() -> Verdict {
    Verdict::reject(451, (4, 3, 0), "Whether the message may go to that region cannot be decided now, try again later")
}
