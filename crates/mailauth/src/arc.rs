//! The authenticated received chain (RFC 8617). The structure is checked here, strictly; the library verifies the signatures.

mod chain;
mod vouch;

use env::Timestamp;
use env::dns::Resolver;
use mail_auth::AuthenticatedMessage;
use mail_auth::dkim::Canonicalization;

use crate::answers::{Answers, Library};
use crate::signature::{Body, key_name, read_key, reason};
use crate::tags::TagList;

pub(crate) use chain::{FIELDS_OF_SET, SETS_MAX};

/// The fields of a whole chain, in the order in which a seal covers them.
pub(crate) fn sets(header: &[u8]) -> Result<Vec<&[u8]>, &'static str> {
    chain::in_order(header)
}

/// State of a chain (RFC 8617 section 4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArcResult {
    /// The message has no chain.
    None,
    /// The chain is whole.
    Pass,
    /// The chain is broken.
    Fail,
    /// A name server did not answer; the chain proves nothing for now.
    TempError,
}

impl ArcResult {
    /// The word of RFC 8601 section 2.7; a temporary error is a word that only results know.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::TempError => "temperror",
        }
    }

    /// The result of that word; `None` for another word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::None, Self::Pass, Self::Fail, Self::TempError].into_iter().find(|result| result.word() == word)
    }
}

/// A chain and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArcCheck {
    /// The result.
    pub result: ArcResult,
    /// Domains of the sealers, oldest first; empty without a chain that could be read.
    pub sealers: Vec<String>,
    /// The chain is whole and each sealer is one that our settings trust. Only then do its results count.
    pub is_trusted: bool,
    /// What the first sealer says that it found, if the chain is whole: the content of the oldest ARC-Authentication-Results field.
    pub first_results: Option<String>,
    /// Why the chain did not pass.
    pub reason: Option<String>,
}

impl ArcCheck {
    pub(crate) const fn none() -> Self {
        Self { result: ArcResult::None, sealers: Vec::new(), is_trusted: false, first_results: None, reason: None }
    }

    pub(crate) fn broken(result: ArcResult, why: impl Into<String>) -> Self {
        Self { result, reason: Some(why.into()), ..Self::none() }
    }
}

/// A chain of sound structure, or what is to be said without verifying.
pub(crate) enum Chain {
    Settled(ArcCheck),
    /// Sealers and the first results; the sets are in the parsed message.
    Open {
        sealers: Vec<String>,
        first_results: String,
    },
}

/// Reads the chain, and leaves its sets in `parsed` for the library.
pub(crate) fn read<'m>(
    header: &'m [u8],
    parsed: &mut AuthenticatedMessage<'m>,
    body: &mut Body<'_>,
    now: Timestamp,
) -> Chain {
    match chain::read(header, parsed, body, now) {
        Ok(None) => Chain::Settled(ArcCheck::none()),
        Ok(Some((sealers, first_results))) => Chain::Open { sealers, first_results },
        Err(why) => Chain::Settled(ArcCheck::broken(ArcResult::Fail, why)),
    }
}

/// Asks for the keys of the sets in `parsed`: of the newest message signature and of each seal.
pub(crate) async fn ask_keys(parsed: &AuthenticatedMessage<'_>, answers: &mut Answers, resolver: &dyn Resolver) {
    let newest = parsed.ams_headers.last().map(|newest| key_name(&newest.header.s, &newest.header.d));
    let seals = parsed.as_headers.iter().map(|seal| key_name(&seal.header.s, &seal.header.d));
    answers.ask(newest.into_iter().chain(seals), resolver, read_key).await;
}

/// Verifies the chain in `parsed` (RFC 8617 section 5.2).
pub(crate) async fn verify<'m>(
    chain: Chain,
    parsed: &'m AuthenticatedMessage<'m>,
    answers: &'m Answers,
    library: &Library,
    trusted: &[String],
) -> ArcCheck {
    use mail_auth::DkimResult as Theirs;
    let (sealers, first_results) = match chain {
        Chain::Settled(check) => return check,
        Chain::Open { sealers, first_results } => (sealers, first_results),
    };
    let output = library.verifier().verify_arc(answers.parameters(parsed)).await;
    let relaxed = match output.result() {
        Theirs::Pass => None,
        _ => as_if_relaxed(parsed),
    };
    let output = match &relaxed {
        Some(relaxed) => library.verifier().verify_arc(answers.parameters(relaxed)).await,
        None => output,
    };
    let (result, reason) = match output.result() {
        Theirs::Pass => (ArcResult::Pass, None),
        Theirs::TempError(error) => (ArcResult::TempError, Some(reason(error))),
        Theirs::Neutral(error) | Theirs::Fail(error) | Theirs::PermError(error) => {
            (ArcResult::Fail, Some(reason(error)))
        }
        Theirs::None => (ArcResult::Fail, Some("the chain cannot be read".to_owned())),
    };
    let is_whole = result == ArcResult::Pass;
    let is_known =
        |sealer: &String| trusted.iter().any(|known| known.trim_end_matches('.').eq_ignore_ascii_case(sealer));
    ArcCheck {
        result,
        is_trusted: is_whole && sealers.iter().all(is_known),
        sealers,
        first_results: is_whole.then_some(first_results),
        reason,
    }
}

/// The chain read as `c=relaxed/relaxed`, if its newest message signature does not say how it was made. By RFC 8617 section 4.1.2 that means
/// `simple/simple`; sealers of the drafts before it knew the relaxed form alone, and a signature proves the same in either.
fn as_if_relaxed<'m>(parsed: &AuthenticatedMessage<'m>) -> Option<AuthenticatedMessage<'m>> {
    let newest = parsed.ams_headers.last()?;
    if TagList::parse(newest.value)?.get("c").is_some() {
        return None;
    }
    let mut relaxed = parsed.clone();
    let signature = &mut relaxed.ams_headers.last_mut()?.header;
    (signature.ch, signature.cb) = (Canonicalization::Relaxed, Canonicalization::Relaxed);
    Some(relaxed)
}
