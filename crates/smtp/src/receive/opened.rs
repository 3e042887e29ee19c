//! A stranger's message under S/MIME: opened before it is judged, its signature told on it.

use identity::rights::Occasion;
use wire::smtp::Envelope;
use wire::smtp::server::Verdict;

use super::authenticate::Vouched;
use super::conversation::Conversation;

impl Conversation<'_> {
    /// Judges what people will read. What was encrypted to those who are written to is delivered so, with the message that came beside it.
    pub(super) async fn open_and_judge(
        &self,
        envelope: &Envelope,
        vouched: Vouched,
        id: i64,
    ) -> Result<Vouched, Verdict> {
        let Some(organisation) = self.first_organisation().filter(|_| vouched.authentication.is_some()) else {
            return self.judge(envelope, vouched, id).await;
        };
        let accounts = self.accounts();
        // Somebody else reads it too, whose key is not here: it stays closed for all.
        let readers = if accounts.len() == self.taken.len() { accounts } else { Vec::new() };
        let receiver = &self.door.receiver;
        let Vouched { body, mut results, .. } = vouched;
        let occasion = Occasion { organisation, account: None, message: Some(id) };
        let arrived = certbook::look(&receiver.inquirer, &receiver.hostname, occasion, readers.clone(), body).await;
        let arrived = arrived.map_err(|error| {
            tracing::error!(id, %error, "an S/MIME message cannot be looked into");
            Verdict::reject(451, (4, 3, 0), "The message cannot be looked into now, try again later")
        })?;
        results.push_str(&arrived.fields);
        let Some(readable) = arrived.readable else {
            let vouched = Vouched { body: arrived.raw, results, ..vouched };
            return self.open_pgp_and_judge(envelope, vouched, (organisation, readers), id).await;
        };
        let vouched = |body| Vouched { body, results, ..vouched };
        let judged = self.judge(envelope, vouched(readable), id).await?;
        if arrived.is_decrypted {
            return Ok(Vouched { original: Some(arrived.raw), ..judged });
        }
        // What is signed around its text stays as it was signed.
        Ok(Vouched { body: arrived.raw, ..judged })
    }

    /// The same of OpenPGP; and takes the key that an author who is authenticated has sent along.
    async fn open_pgp_and_judge(
        &self,
        envelope: &Envelope,
        vouched: Vouched,
        (organisation, readers): (i64, Vec<i64>),
        id: i64,
    ) -> Result<Vouched, Verdict> {
        let receiver = &self.door.receiver;
        let is_authentic = vouched.authentication.as_ref().is_some_and(|facts| facts.authenticated_domain().is_some());
        if is_authentic && receiver.learns_keys() {
            let learned = keybook::learn_from(&receiver.store, organisation, &vouched.body).await;
            if let Err(error) = learned {
                tracing::error!(id, %error, "the key in a message cannot be learned now");
            }
        }
        let Vouched { body, mut results, .. } = vouched;
        let occasion = Occasion { organisation, account: None, message: Some(id) };
        let arrived = keybook::look(&receiver.store, &receiver.hostname, occasion, readers, body).await;
        let arrived = arrived.map_err(|error| {
            tracing::error!(id, %error, "an OpenPGP message cannot be looked into");
            Verdict::reject(451, (4, 3, 0), "The message cannot be looked into now, try again later")
        })?;
        results.push_str(&arrived.fields);
        let vouched = |body| Vouched { body, results, ..vouched };
        match arrived.readable {
            Some(readable) => {
                let judged = self.judge(envelope, vouched(readable), id).await?;
                Ok(Vouched { original: Some(arrived.raw), ..judged })
            }
            None => self.judge(envelope, vouched(arrived.raw), id).await,
        }
    }
}
