//! Message trace: what happened to each message, from the connection that brought it to the last answer of the server that it went to.
//!
//! What is known when a message is taken is one row, written in the transaction that takes it ([`keep`]); what happens later is added in the
//! transaction in which it happens ([`note`]). So a trace never says what did not happen, and costs no commit of its own. What is refused
//! has no transaction: it goes through [`Refusals`], which bounds how much of a flood is told, and is written some seconds later.
//!
//! Who wrote to whom, about what and from where rests sealed under the organisation's key, under the region's for what is nobody's here.
//! It is found by keyed hashes ([`find`]), which are put into their index in batches ([`index`]); a search looks at those that wait, too.
//!
//! Content is never part of a trace. Knows nothing of protocols: words and numbers of replies are given to it.

mod erase;
mod find;
mod forget;
mod index;
mod keep;
mod marks;
mod note;
mod refusals;
mod sealed;
mod settings;
mod show;
mod step;

pub use erase::{Naming, erase, erase_outside, naming};
pub use find::{Filter, Listed, find};
pub use forget::forget;
pub use index::index;
pub use keep::{New, keep, keep_refused};
pub use note::{Change, note};
pub use refusals::{MORE, Refusal, Refusals, Source};
pub use settings::TraceSettings;
pub use show::{Shown, organisation_of, show};
pub use step::{Direction, Found, Outcome, Reply, Stage, Step, Traced, What};
