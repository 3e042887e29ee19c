//! The proof that an account's keys were destroyed: a statement signed with the audit log's key, and the record of the destruction with its place in
//! the log. Whoever has the public key verifies it without this server.

use audit::verify::{self, Fault};
use audit::{AuditError, Disclosed, Leaf, Proof, PublicKey};
use env::Timestamp;
use identity::rights;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{StoreError, Tx, erasures};

use crate::SubjectError;
use crate::answer::name_of;
use crate::request::load;

/// The step, as records name it.
pub(crate) const DESTROYED: &str = "destroyed";

/// First line of what is signed.
const HEAD: &str = "tradewind destruction of keys";

/// Which keys were destroyed, where and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The server that says so.
    pub host: String,
    /// The organisation.
    pub organisation: String,
    /// The request, by its number in hexadecimal.
    pub request: String,
    /// The pseudonym of the person in the audit log.
    pub person: String,
    /// When the keys were destroyed in the store's transaction.
    pub destroyed: String,
    /// Names of the keys: they tell nothing of them.
    pub keys: Vec<String>,
    /// Places from which they are gone, each with when: the store, and what is kept beside each repository of backups.
    pub reached: Vec<(String, String)>,
    /// Places that are still to be reached.
    pub waiting: Vec<String>,
    /// The record of it, by its number in hexadecimal.
    pub event: String,
}

impl Statement {
    /// Whether the keys are gone from everywhere.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// What is handed over.
#[derive(Debug, Serialize, Deserialize)]
struct Paper {
    /// The statement as it was signed, letter for letter.
    statement: String,
    /// The signature over its hash, as a note (C2SP signed-note).
    note: String,
    /// The record in the log.
    record: String,
    /// What the record commits to.
    disclosed: Disclosed,
    /// That it stands there.
    proof: Proof,
    /// The log's checkpoint that the proof is for.
    checkpoint: String,
    /// The log's public key, for convenience: whoever verifies has it from elsewhere.
    key: String,
}

/// What is wrong with a proof.
#[derive(Debug, thiserror::Error)]
pub enum ProofFault {
    /// It is no proof.
    #[error("this is no proof of destruction: {0}")]
    Form(String),
    /// The note bears no signature of the key, or is about something else.
    #[error("the statement bears no valid signature of the log's key: it was made or changed by somebody else")]
    Signature,
    /// The statement is not the one that was signed.
    #[error("the statement is not the one that was signed")]
    Changed,
    /// The record does not stand in the log.
    #[error(transparent)]
    Record(#[from] Fault),
    /// The record is of something else.
    #[error("the record in the log is not about this statement: {0}")]
    Other(&'static str),
}

pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The hash of a list of names, which the record has.
pub(crate) fn digest_of(keys: &[String]) -> String {
    hex(&crypto::hash::sha256(keys.join("\n").as_bytes()))
}

fn signed_text(host: &str, statement: &str) -> String {
    format!("{HEAD}\n{host}\nstatement sha256 {}\n", hex(&crypto::hash::sha256(statement.as_bytes())))
}

/// The proof of what a request destroyed, as JSON. `places` are all from which keys must go. The audit log must have sealed the record before.
///
/// # Errors
/// [`SubjectError::NoProof`] if it destroyed no keys, or the record is not sealed yet.
pub fn build(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    host: &str,
    places: &[String],
) -> Result<(Statement, Value), SubjectError> {
    let request = load(tx, organisation, id)?;
    let erased = request.erased.as_ref().ok_or(SubjectError::NoProof(id))?;
    let destroyed = erased.destroyed.as_ref().ok_or(SubjectError::NoProof(id))?;
    let all = erasures::list(tx)?;
    let of_account = all.into_iter().find(|it| it.account == destroyed.account);
    let moment = |millis: i64| Timestamp::from_millis(millis).to_string();
    let reached: Vec<(String, String)> =
        of_account.iter().flat_map(|it| it.reached.iter().map(|(place, at)| (place.clone(), moment(*at)))).collect();
    let waiting = places.iter().filter(|place| !reached.iter().any(|(known, _)| known == *place)).cloned().collect();
    let statement = Statement {
        host: host.to_owned(),
        organisation: name_of(tx, organisation)?,
        request: format!("{id:x}"),
        person: request.person,
        destroyed: moment(of_account.map_or(erased.at, |it| it.erased)),
        keys: destroyed.keys.clone(),
        reached,
        waiting,
        event: format!("{:x}", destroyed.event),
    };
    let text = serde_json::to_string(&statement)
        .map_err(|_| StoreError::Corrupt { what: "a statement cannot be written".to_owned() })?;
    let missing = || AuditError::NoRecord(statement.event.clone());
    let place = audit::place_of(tx, destroyed.event)?;
    let record = String::from_utf8_lossy(&audit::leaf_at(tx, place)?).into_owned();
    let disclosed = rights::disclose(tx, organisation, destroyed.event)?.ok_or_else(missing)?;
    let (_, checkpoint) = audit::checkpoint(tx)?.ok_or_else(missing)?;
    let about = format!("proof of destruction, request {id:x}");
    let note = rights::sign_paper(tx, (organisation, None), &about, &signed_text(host, &text))?.ok_or_else(missing)?;
    let key = audit::public_key(tx)?.ok_or_else(missing)?.to_string();
    let paper = Paper { statement: text, note, record, disclosed, proof: audit::prove(tx, place)?, checkpoint, key };
    let paper = serde_json::to_value(&paper)
        .map_err(|_| StoreError::Corrupt { what: "a proof cannot be written".to_owned() })?;
    Ok((statement, paper))
}

/// Verifies a proof with nothing but the log's public key; gives what it states.
///
/// # Errors
/// The first [`ProofFault`].
pub fn verify(paper: &[u8], key: &PublicKey) -> Result<Statement, ProofFault> {
    let form = |error: serde_json::Error| ProofFault::Form(error.to_string());
    let paper: Paper = serde_json::from_slice(paper).map_err(form)?;
    let statement: Statement = serde_json::from_str(&paper.statement).map_err(form)?;
    let signed = key.open(paper.note.as_bytes()).ok_or(ProofFault::Signature)?;
    if signed != signed_text(&statement.host, &paper.statement).as_bytes() {
        return Err(ProofFault::Changed);
    }
    verify::record(paper.checkpoint.as_bytes(), key, paper.record.as_bytes(), &paper.proof)?;
    let leaf: Leaf = serde_json::from_str(&paper.record).map_err(form)?;
    if leaf.id != statement.event || leaf.action != format!("subject-step-{DESTROYED}") || leaf.outcome != "done" {
        return Err(ProofFault::Other("it is another event"));
    }
    let Disclosed { salt, text } = &paper.disclosed;
    if audit::commit(salt.as_bytes(), text.as_bytes()) != leaf.commitment {
        return Err(ProofFault::Other("what it tells is not what it commits to"));
    }
    let told: Value = serde_json::from_str(text).map_err(form)?;
    let object: Value = serde_json::from_str(told["object"].as_str().unwrap_or_default()).map_err(form)?;
    let agrees = object["request"] == statement.request.as_str()
        && object["person"] == statement.person.as_str()
        && object["keys_sha256"] == digest_of(&statement.keys).as_str();
    if agrees { Ok(statement) } else { Err(ProofFault::Other("it names other keys or another person")) }
}
