use crypto::keys::MessageKey;
use crypto::record::{self, Record};
use mail::message::{Extent, Summary};
use store::Context;

use crate::search::{Content, signature};
use crate::threads::Links;

/// A message that has been examined, compressed and encrypted, all that takes time being done: on the caller's thread, before
/// the transaction that stores it. Serves any number of deliveries.
pub struct Prepared {
    key: MessageKey,
    size: u64,
    extent: Extent,
    record: Record,
    summary: Vec<u8>,
    links: Links,
    signature: Vec<u8>,
}

impl Prepared {
    /// Prepares the message `raw`.
    #[must_use]
    pub fn new(raw: &[u8], context: &Context) -> Self {
        Self::consuming(raw.to_vec(), context)
    }

    /// Prepares the message `raw`, giving its memory back while it is sealed.
    #[must_use]
    pub fn consuming(raw: Vec<u8>, context: &Context) -> Self {
        let key = MessageKey::generate(&*context.entropy);
        let summary = Summary::parse(&raw);
        let references = summary.references.iter().map(String::as_str);
        let links = Links::new(&summary.subject_base, summary.message_id.as_deref(), references);
        let signature = signature::sign(&Content::of(&raw, &summary.structure));
        let size = raw.len() as u64;
        let extent = Extent::of(&summary.structure);
        let record = record::seal_consuming(&key, context.keys.suite(), raw);
        Self { size, extent, record, summary: summary.encode(), links, signature, key }
    }

    /// The sealed bytes for [`store::Store::stage`]; they can be taken once.
    #[must_use]
    pub fn take_record(&mut self) -> Record {
        std::mem::take(&mut self.record)
    }

    /// The message's own key, for whoever else keeps the same blob.
    #[must_use]
    pub fn key(&self) -> &MessageKey {
        &self.key
    }

    /// Length of the message, in octets.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How complex the message is.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// The encoded [`mail::message::Summary`].
    #[must_use]
    pub fn summary(&self) -> &[u8] {
        &self.summary
    }

    /// The search signature; empty if there is none.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    pub(crate) fn links(&self) -> &Links {
        &self.links
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crypto::keys::Key;
    use crypto::seal::Suite;
    use env::{ManualClock, SeededEntropy, Timestamp};

    use super::*;

    #[test]
    fn the_record_is_sealed_under_the_suite_that_is_set() {
        for (suite, form) in [(Suite::Aes, 1), (Suite::Sm4, 2)] {
            let (clock, entropy) = (ManualClock::at(Timestamp::from_seconds(1)), Arc::new(SeededEntropy::new(1)));
            let region = Key::generate(&*entropy).sealing_under(suite);
            let context = Context::new(Arc::new(clock), entropy, 1, region);
            let mut prepared = Prepared::new(b"Subject: x\r\n\r\nText\r\n", &context);
            assert_eq!(prepared.take_record().bytes().first(), Some(&form));
        }
    }
}
