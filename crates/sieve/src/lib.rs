//! Sieve (RFC 5228) and its extensions: a script is read once by [`Script::read`], which tells what is wrong with it and where, and run
//! over a message by [`Script::run`], which tells what is to be done with it and does nothing itself.
//!
//! Running always ends: the language has no loops, and whatever a script can make large (steps, text, variables, actions) has a limit
//! in [`limits`]. [`form`] writes rules that people click together as a script, and reads them back from it.
//!
//! Knows nothing of storage, delivery and protocols.

mod args;
mod compare;
mod compile;
mod dates;
mod error;
pub mod form;
mod letter;
mod lex;
pub mod limits;
mod outcome;
mod run;
mod syntax;
mod template;
#[cfg(test)]
mod tests;
mod tree;

pub use compile::EXTENSIONS;
pub use error::{RunError, ScriptError};
pub use letter::Letter;
pub use outcome::{Action, Outcome, Reply, Seen};
pub use run::Surroundings;
pub use tree::Hides;

use tree::Command;

/// A script that has been read.
#[derive(Debug, Clone)]
pub struct Script {
    commands: Vec<Command>,
    keeps_matches: bool,
}
