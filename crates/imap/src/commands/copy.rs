//! COPY (RFC 9051 section 6.4.7) and MOVE (section 6.4.8).

use mailbox::{CopyOutcome, MailboxError};
use wire::imap::{Code, Copy, Reply};

use super::Outcome;
use super::across::Origin;
use crate::answer::{Answer, AnswerCode, ImapError};
use crate::connection::Connection;
use crate::place::PlaceError;

impl Connection<'_> {
    pub(super) async fn copy(&mut self, copy: Copy) -> Outcome {
        let Some(outcome) = self.transfer(&copy, false).await? else { return Ok(Answer::ok("nothing to copy")) };
        let (from, to) = uids(&outcome);
        Ok(Answer::ok("copied").with(AnswerCode::CopyUid(outcome.uidvalidity, from, to)))
    }

    pub(super) async fn move_messages(&mut self, copy: Copy) -> Outcome {
        let Some(outcome) = self.transfer(&copy, true).await? else { return Ok(Answer::ok("nothing to move")) };
        let (from, to) = uids(&outcome);
        // RFC 6851 section 4.3: told before the messages go.
        self.writer().untagged(&Reply::ok("moved").with(Code::CopyUid(outcome.uidvalidity, &from, &to)));
        if let Some(selected) = &mut self.selected {
            selected.expunged.extend(mailbox::UidRange::collect(from));
        }
        Ok(self.removed(Answer::ok("moved"), true))
    }

    async fn transfer(&mut self, copy: &Copy, moves: bool) -> Result<Option<CopyOutcome>, ImapError> {
        if moves {
            self.require_write()?;
        }
        let account = self.selected_account();
        let Some(selected) = &self.selected else { return Ok(None) };
        if !copy.uid && selected.is_beyond(&copy.set) {
            return Err(ImapError::Refused(Answer::bad("no such message")));
        }
        let positions = selected.positions(copy.uid, &copy.set, &self.saved);
        if positions.is_empty() {
            return Ok(None);
        }
        let (from, ranges, place) = (selected.mailbox, selected.ranges(&positions), self.place(&copy.mailbox).await?);
        if place.account != account {
            let origin = Origin { account, mailbox: from, ranges };
            let outcome = self.copy_across(origin, place, moves).await?;
            return Ok(Some(outcome).filter(|outcome| !outcome.copied.is_empty()));
        }
        let outcome = self
            .server
            .store
            .write(move |tx| {
                let to = place.find_to_write(tx)?;
                let outcome = if moves {
                    mailbox::move_messages(tx, account, from, &ranges, to.id)
                } else {
                    mailbox::copy(tx, account, from, &ranges, to.id)
                };
                let outcome = outcome?;
                // Into Junk or out of it says what its reader thinks of the message.
                judgement::feedback::note_move(tx, account, from, to.id, &outcome)?;
                Ok::<_, PlaceError>(outcome)
            })
            .await;
        match outcome {
            Err(PlaceError::Mailbox(MailboxError::NoSuchMailbox)) => {
                Err(ImapError::Refused(Answer::no(Code::TryCreate, "no such mailbox")))
            }
            outcome => {
                let outcome = outcome?;
                // Another session has removed all of them: a UID that is not there is passed over, a number that was shown is missed.
                if outcome.copied.is_empty() && !copy.uid {
                    return Err(ImapError::Refused(Answer::no(Code::ExpungeIssued, "some of the messages are gone")));
                }
                Ok(Some(outcome).filter(|outcome| !outcome.copied.is_empty()))
            }
        }
    }
}

fn uids(outcome: &CopyOutcome) -> (Vec<u32>, Vec<u32>) {
    outcome.copied.iter().map(|copied| (copied.from, copied.to)).unzip()
}
