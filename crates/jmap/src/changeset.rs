//! What a `/set` call asks for and answers (RFC 8620 section 5.3).

use std::collections::HashSet;

use serde_json::{Value, json};
use wire::jmap::{MethodErrorKind, Object, SetError, SetErrorKind};

use crate::Server;
use crate::args::Args;
use crate::error::Failure;

/// What a `/set` call asks for.
#[derive(Debug, Clone)]
pub(crate) struct ChangesAsked {
    pub(crate) account_id: String,
    if_in_state: Option<String>,
    pub(crate) create: Object,
    pub(crate) update: Object,
    pub(crate) destroy: Vec<String>,
}

impl ChangesAsked {
    /// Takes the arguments that every `/set` has.
    ///
    /// # Errors
    /// `requestTooLarge`, `invalidArguments`.
    pub(crate) fn take(server: &Server, args: &mut Args) -> Result<Self, Failure> {
        let (account_id, if_in_state) = (args.need_text("accountId")?, args.text("ifInState")?);
        Ok(Self { account_id, if_in_state, ..Self::take_stateless(server, args)? })
    }

    /// As [`Self::take`] for what is in no account and has no state.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub(crate) fn take_stateless(server: &Server, args: &mut Args) -> Result<Self, Failure> {
        let mut asked = Self {
            account_id: String::new(),
            if_in_state: None,
            create: args.object("create")?.unwrap_or_default(),
            update: args.object("update")?.unwrap_or_default(),
            destroy: args.texts("destroy")?.unwrap_or_default(),
        };
        // What is named twice goes once.
        let mut named = HashSet::new();
        asked.destroy.retain(|id| named.insert(id.clone()));
        let max = server.limits().objects_set_max;
        if asked.create.len() + asked.update.len() + asked.destroy.len() > max {
            let why = format!("at most {max} changes at once");
            return Err(Failure::say(MethodErrorKind::RequestTooLarge, why));
        }
        Ok(asked)
    }

    /// Whether an object is destroyed in the same call, so that it is not changed before (RFC 8620 section 5.3, `willDestroy`).
    pub(crate) fn refuses_update(&self, id: &str) -> Option<SetError> {
        let why = "it is destroyed in the same call";
        self.destroy.iter().any(|gone| gone == id).then(|| SetError::new(SetErrorKind::WillDestroy, why))
    }

    /// Refuses to go on from another state than the client believes.
    ///
    /// # Errors
    /// `stateMismatch`.
    pub(crate) fn check_state(&self, state: i64) -> Result<(), Failure> {
        check_state(self.if_in_state.as_deref(), state)
    }

    /// As [`Self::check_state`] for states that are no numbers.
    ///
    /// # Errors
    /// `stateMismatch`.
    pub(crate) fn check_state_word(&self, state: &str) -> Result<(), Failure> {
        check_state_word(self.if_in_state.as_deref(), state)
    }
}

/// Refuses to go on from another state than the client believes.
///
/// # Errors
/// `stateMismatch`.
pub(crate) fn check_state(wanted: Option<&str>, state: i64) -> Result<(), Failure> {
    check_state_word(wanted, &state.to_string())
}

fn check_state_word(wanted: Option<&str>, state: &str) -> Result<(), Failure> {
    match wanted {
        Some(wanted) if wanted != state => {
            Err(Failure::say(MethodErrorKind::StateMismatch, "something changed meanwhile; read it anew"))
        }
        _ => Ok(()),
    }
}

/// What became of a `/set` call.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChangesMade {
    pub(crate) created: Object,
    pub(crate) updated: Object,
    pub(crate) destroyed: Vec<String>,
    pub(crate) not_created: Object,
    pub(crate) not_updated: Object,
    pub(crate) not_destroyed: Object,
}

impl ChangesMade {
    pub(crate) fn refuse_create(&mut self, name: &str, error: &SetError) {
        self.not_created.insert(name.to_owned(), json!(error));
    }

    pub(crate) fn refuse_update(&mut self, id: &str, error: &SetError) {
        self.not_updated.insert(id.to_owned(), json!(error));
    }

    pub(crate) fn refuse_destroy(&mut self, id: &str, error: &SetError) {
        self.not_destroyed.insert(id.to_owned(), json!(error));
    }

    /// Notes what became of an update.
    pub(crate) fn note_update(&mut self, id: &str, outcome: Result<Value, SetError>) {
        match outcome {
            Ok(server_set) => drop(self.updated.insert(id.to_owned(), server_set)),
            Err(error) => self.refuse_update(id, &error),
        }
    }

    /// Notes what became of a destruction.
    pub(crate) fn note_destroy(&mut self, id: &str, outcome: Result<(), SetError>) {
        match outcome {
            Ok(()) => self.destroyed.push(id.to_owned()),
            Err(error) => self.refuse_destroy(id, &error),
        }
    }

    /// The answer.
    pub(crate) fn answer(self, account: &str, old: &str, new: &str) -> Value {
        let mut answer = self.answer_stateless();
        if let Value::Object(members) = &mut answer {
            members.insert("accountId".to_owned(), account.into());
            members.insert("oldState".to_owned(), old.into());
            members.insert("newState".to_owned(), new.into());
        }
        answer
    }

    /// The answer about what is in no account and has no state.
    pub(crate) fn answer_stateless(self) -> Value {
        let object = |members: Object| if members.is_empty() { Value::Null } else { Value::Object(members) };
        let list = |ids: Vec<String>| if ids.is_empty() { Value::Null } else { ids.into() };
        json!({
            "created": object(self.created), "updated": object(self.updated), "destroyed": list(self.destroyed),
            "notCreated": object(self.not_created), "notUpdated": object(self.not_updated),
            "notDestroyed": object(self.not_destroyed),
        })
    }
}

/// No such object.
pub(crate) fn not_found() -> SetError {
    SetError::new(SetErrorKind::NotFound, "no such object")
}

/// No right to do this.
pub(crate) fn forbidden() -> SetError {
    SetError::new(SetErrorKind::Forbidden, "the owner has not permitted this")
}
