//! What people ask about their data (GDPR articles 12 and 15 to 22, CCPA, PIPL articles 44 to 50), people of ours and strangers alike: a register of
//! requests with deadlines that are watched, where somebody is held, what is carried out, and the answers.
//!
//! A stranger is looked for over all mailboxes without anybody reading them: how many messages name him, in which fields and where, is all that a
//! search tells; content is given out through an investigation alone, which a second person agrees to. An erasure of an account destroys its keys, and
//! its proof says which, where and when, so that whoever has the audit log's public key can verify it without this server.
//!
//! Beside the requests there are the register of processing (GDPR article 30, PIPL article 55) and a register of consents.
//!
//! Each step is a record of the audit log in its own transaction, under a pseudonym. Who may do what is decided by whoever calls. Knows nothing of protocols.

mod answer;
mod cards;
mod consent;
mod correct;
mod course;
mod deadline;
mod erase;
mod error;
mod figures;
mod held;
mod mentions;
mod own;
mod processing;
mod proof;
mod remind;
mod report;
mod request;
mod restrict;
mod search;
mod settings;
mod step;
mod texts;
mod unproved;
mod words;

pub use answer::{Letter, LetterKind, letters, send, set_letter};
pub use cards::{Cards, NoCards};
pub use consent::{Consent, ConsentsWanted, NewConsent, add_consent, consents, withdraw_consent};
pub use correct::{Correction, correct};
pub use course::{close, extend, identify, note_investigation, note_taken, refuse};
pub use deadline::due;
pub use erase::{Erased, Kept, Removal, erase};
pub use error::SubjectError;
pub use figures::{Figures, figures};
pub use mentions::{Mention, accounts_of, mentions};
pub use own::{Own, OwnRequest, list_own, open_own, own, withdraw_own};
pub use processing::{Entry, Live, PARTS_MAX, Register, register, set_part};
pub use proof::{ProofFault, Statement, build as build_proof, verify as verify_proof};
pub use remind::{Reminder, claim as claim_reminder, due_for_reminder, forget};
pub use report::{Report, report};
pub use request::{Extension, Identity, NewRequest, PAGE_MAX, Refusal, Request, Wanted, list, load, open};
pub use restrict::restrict;
pub use search::{Found, search};
pub use settings::SubjectSettings;
pub use step::{By, Step, steps};
pub use unproved::{Left, Unproved, leave, prove, unproved};
pub use words::{Kind, Place, Regime, State};
