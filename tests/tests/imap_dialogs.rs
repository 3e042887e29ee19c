//! Plays the transcripts of `tests/dialogs/imap` against the running server; [`harness::dialog`] says how they are written.
//!
//! `UPDATE_DIALOGS=1` rewrites what is expected; read the difference. `DIALOG=name` plays those whose names begin so.

mod dialogs;

use harness::{Options, Outcome, Tradewind};

#[test]
fn the_server_says_what_the_transcripts_say() -> Outcome {
    dialogs::play_all(&Tradewind::start(Options::default())?)
}
