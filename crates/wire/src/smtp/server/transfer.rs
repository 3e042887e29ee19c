//! `DATA` and `BDAT`: how a message comes in.

use super::content::{ChunkReader, Collector, DataReader, Fault, Progress};
use super::{Advance, Asking, Envelope, Question, Session, Stage};
use crate::smtp::Reply;
use crate::smtp::reply::write_reply;

impl Session {
    /// Why no message may begin now.
    fn missing_before_message(&self) -> Option<Reply> {
        let Some(transaction) = &self.transaction else {
            return Some(Reply::new(503, (5, 5, 1), "MAIL first"));
        };
        if !transaction.envelope.recipients.is_empty() {
            return None;
        }
        // RFC 5321 section 3.3
        Some(match transaction.refused {
            true => Reply::new(554, (5, 5, 1), "No valid recipients"),
            false => Reply::new(503, (5, 5, 1), "RCPT first"),
        })
    }

    pub(super) fn data(&mut self) -> Advance {
        if let Some(reply) = self.missing_before_message() {
            return self.refuse_with(&reply);
        }
        if self.transaction.as_ref().is_some_and(|transaction| transaction.chunks.is_some()) {
            // RFC 3030 section 2
            return self.refuse_command(503, (5, 5, 1), "DATA may not follow BDAT");
        }
        write_reply(&mut self.output, 354, None, "End data with <CR><LF>.<CR><LF>");
        let reader = DataReader::new(self.collector(), &self.config.limits);
        self.stage = Stage::Data(Box::new(reader));
        Advance::Again
    }

    fn collector(&self) -> Collector {
        /// Octets to make room for when the client did not say.
        const EXPECTED_BYTES: u64 = 16 * 1024;
        let limits = &self.config.limits;
        let said = self.transaction.as_ref().and_then(|transaction| transaction.envelope.params.size);
        Collector::new(limits, limits.size_bytes_max, said.unwrap_or(EXPECTED_BYTES))
    }

    pub(super) fn next_data(&mut self, mut reader: Box<DataReader>) -> Advance {
        if reader.progress() == Progress::More {
            let taken = reader.push(self.input.pending());
            self.input.consume(taken);
        }
        match reader.progress() {
            Progress::More => self.read_in(Stage::Data(reader)),
            Progress::Done => self.message_came(reader.finish()),
            Progress::Flood => {
                let reply = Reply::new(552, (5, 3, 4), self.too_big_text());
                self.refuse_and_close(&reply)
            }
        }
    }

    /// RFC 3030 section 2: the octets of a chunk come whether we want them or not, and are read before the reply.
    pub(super) fn bdat(&mut self, size: u64, last: bool) -> Advance {
        let limits = &self.config.limits;
        if size > limits.size_bytes_max.saturating_add(limits.oversize_bytes_max) {
            let reply = Reply::new(552, (5, 3, 4), self.too_big_text());
            return self.refuse_and_close(&reply);
        }
        let mut collector = None;
        if self.missing_before_message().is_none() {
            let kept = self.transaction.as_mut().and_then(|transaction| transaction.chunks.take());
            let held = kept.as_ref().map_or(0, Collector::size_bytes);
            if held.saturating_add(size) <= self.config.limits.size_bytes_max {
                collector = Some(kept.unwrap_or_else(|| self.collector()));
            }
        }
        self.stage = Stage::Chunk(Box::new(ChunkReader { collector, left_bytes: size, size_bytes: size, last }));
        Advance::Again
    }

    pub(super) fn next_chunk(&mut self, mut reader: Box<ChunkReader>) -> Advance {
        if reader.left_bytes > 0 {
            let taken = reader.push(self.input.pending());
            self.input.consume(taken);
        }
        if reader.left_bytes > 0 {
            return self.read_in(Stage::Chunk(reader));
        }
        let ChunkReader { collector, size_bytes, last, .. } = *reader;
        let Some(collector) = collector else { return self.chunk_refused() };
        if last {
            return self.message_came(collector.finish());
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.chunks = Some(collector);
        }
        self.say(250, (2, 0, 0), &format!("{size_bytes} octets received"))
    }

    fn chunk_refused(&mut self) -> Advance {
        let missing = self.missing_before_message();
        self.transaction = None;
        match missing {
            Some(reply) => self.refuse_with(&reply),
            None => self.refuse_command(552, (5, 3, 4), self.too_big_text()),
        }
    }

    /// The end of a message came; it is asked for, or refused if it has a fault.
    fn message_came(&mut self, content: Result<Vec<u8>, Fault>) -> Advance {
        let envelope = self.transaction.take().map(|transaction| transaction.envelope);
        match (content, envelope) {
            (Ok(body), Some(Envelope { from, params, recipients })) => {
                self.stage = Stage::Asking(Asking::Message);
                Advance::Ask(Question::Message { envelope: Envelope { from, params, recipients }, body })
            }
            (Ok(_), None) => self.refuse_with(&Reply::unavailable()),
            (Err(fault), _) => self.refuse_with(&self.fault_reply(fault)),
        }
    }

    fn fault_reply(&self, fault: Fault) -> Reply {
        let limits = &self.config.limits;
        match fault {
            Fault::TooBig => Reply::new(552, (5, 3, 4), self.too_big_text()),
            Fault::BareLineEnd => Reply::new(554, (5, 6, 0), "Message holds bare CR or LF; lines end with CRLF"),
            Fault::Nul => Reply::new(554, (5, 6, 0), "Message holds NUL"),
            Fault::LongLine => Reply::new(
                554,
                (5, 6, 0),
                format!("Message has a line of more than {} octets", limits.text_line_bytes_max),
            ),
        }
    }
}
