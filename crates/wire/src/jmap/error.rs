//! Errors of requests, of calls and of single objects (RFC 8620 sections 3.6 and 5.3).

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

/// Why a whole request was refused (RFC 8620 section 3.6.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A capability that is not offered.
    #[error("the capability {name:?} is not offered; the session names those that are")]
    UnknownCapability {
        /// What was asked for.
        name: String,
    },
    /// No I-JSON, or not sent as JSON.
    #[error("the request is no I-JSON sent as application/json: {why}")]
    NotJson {
        /// What is wrong.
        why: String,
    },
    /// JSON, but no request.
    #[error("the request is not of the form of RFC 8620 section 3.3: {why}")]
    NotRequest {
        /// What is wrong.
        why: String,
    },
    /// More than may be.
    #[error("the request exceeds {name}; the session tells how much may be sent")]
    Limit {
        /// The limit by its name in the session.
        name: &'static str,
    },
}

impl RequestError {
    /// The type of the problem (RFC 7807).
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::UnknownCapability { .. } => "urn:ietf:params:jmap:error:unknownCapability",
            Self::NotJson { .. } => "urn:ietf:params:jmap:error:notJSON",
            Self::NotRequest { .. } => "urn:ietf:params:jmap:error:notRequest",
            Self::Limit { .. } => "urn:ietf:params:jmap:error:limit",
        }
    }

    /// The problem as it is sent.
    #[must_use]
    pub fn problem(&self) -> Value {
        let mut problem = json!({ "type": self.kind(), "status": 400, "detail": self.to_string() });
        if let (Self::Limit { name }, Value::Object(members)) = (self, &mut problem) {
            members.insert("limit".to_owned(), (*name).into());
        }
        problem
    }
}

/// Declares the words of an enumeration that goes onto the wire.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident => $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$word_doc])* $variant,)+
        }

        impl $name {
            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

words! {
    /// What went wrong with a call (RFC 8620 sections 3.6.2, 5, RFC 8621).
    MethodErrorKind {
        /// Try again later.
        ServerUnavailable => "serverUnavailable",
        /// Something is wrong with us.
        ServerFail => "serverFail",
        /// No such method, or its capability is not used.
        UnknownMethod => "unknownMethod",
        /// An argument is wrong.
        InvalidArguments => "invalidArguments",
        /// A reference to an earlier answer leads nowhere.
        InvalidResultReference => "invalidResultReference",
        /// No right to do this.
        Forbidden => "forbidden",
        /// No such account for who asks.
        AccountNotFound => "accountNotFound",
        /// The account has no data of this kind.
        AccountNotSupportedByMethod => "accountNotSupportedByMethod",
        /// The account may be read only.
        AccountReadOnly => "accountReadOnly",
        /// More than may be asked at once.
        RequestTooLarge => "requestTooLarge",
        /// The changes since that state cannot be told.
        CannotCalculateChanges => "cannotCalculateChanges",
        /// The state is another than the client believes.
        StateMismatch => "stateMismatch",
        /// The anchor is not in the result.
        AnchorNotFound => "anchorNotFound",
        /// The order is not offered.
        UnsupportedSort => "unsupportedSort",
        /// The condition is not offered.
        UnsupportedFilter => "unsupportedFilter",
        /// More changes than the client wants.
        TooManyChanges => "tooManyChanges",
        /// No such account to copy from.
        FromAccountNotFound => "fromAccountNotFound",
        /// The account to copy from has no such data.
        FromAccountNotSupportedByMethod => "fromAccountNotSupportedByMethod",
        /// A type of data that is not offered (RFC 9404).
        UnknownDataType => "unknownDataType",
    }
}

/// Why a call failed. What the client is told says nothing that helps an attacker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodError {
    /// What kind of failure.
    pub kind: MethodErrorKind,
    /// What is wrong and what to do.
    pub description: String,
}

impl MethodError {
    /// A failure of this kind.
    #[must_use]
    pub fn new(kind: MethodErrorKind, description: impl Into<String>) -> Self {
        Self { kind, description: description.into() }
    }

    /// An argument is wrong.
    #[must_use]
    pub fn invalid(description: impl Into<String>) -> Self {
        Self::new(MethodErrorKind::InvalidArguments, description)
    }
}

impl Serialize for MethodError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut members = to.serialize_map(None)?;
        members.serialize_entry("type", self.kind.as_str())?;
        if !self.description.is_empty() {
            members.serialize_entry("description", &self.description)?;
        }
        members.end()
    }
}

words! {
    /// Why an object was not created, changed or destroyed (RFC 8620 section 5.3, RFC 8621).
    SetErrorKind {
        /// No right to do this.
        Forbidden => "forbidden",
        /// More than may be kept.
        OverQuota => "overQuota",
        /// Too large.
        TooLarge => "tooLarge",
        /// Too many changes lately.
        RateLimit => "rateLimit",
        /// No such object.
        NotFound => "notFound",
        /// The patch cannot be applied.
        InvalidPatch => "invalidPatch",
        /// It is destroyed in the same call.
        WillDestroy => "willDestroy",
        /// Properties are wrong.
        InvalidProperties => "invalidProperties",
        /// There is only one and it stays.
        Singleton => "singleton",
        /// The same is there already.
        AlreadyExists => "alreadyExists",
        /// A mailbox with others below it (RFC 8621 section 2.5).
        MailboxHasChild => "mailboxHasChild",
        /// A mailbox with messages in it (RFC 8621 section 2.5).
        MailboxHasEmail => "mailboxHasEmail",
        /// An address book with cards in it (RFC 9610 section 2.3).
        AddressBookHasContents => "addressBookHasContents",
        /// A blob is not there (RFC 8621 section 4.6).
        BlobNotFound => "blobNotFound",
        /// More keywords than a message may have.
        TooManyKeywords => "tooManyKeywords",
        /// More mailboxes than a message may be in.
        TooManyMailboxes => "tooManyMailboxes",
        /// The message is not fit to be kept or sent (RFC 8621 sections 4.8, 7.5).
        InvalidEmail => "invalidEmail",
        /// More recipients than one submission may have.
        TooManyRecipients => "tooManyRecipients",
        /// No recipients.
        NoRecipients => "noRecipients",
        /// Recipients that are no addresses.
        InvalidRecipients => "invalidRecipients",
        /// The author may not be used.
        ForbiddenMailFrom => "forbiddenMailFrom",
        /// The author of the message may not be used.
        ForbiddenFrom => "forbiddenFrom",
        /// No right to send at all.
        ForbiddenToSend => "forbiddenToSend",
        /// A notification of the message was sent before (RFC 9007 section 2.1).
        MdnAlreadySent => "mdnAlreadySent",
        /// It is too late to call the message back.
        CannotUnsend => "cannotUnsend",
        /// The script is no script that can be run (RFC 9661 section 2.4).
        InvalidSieve => "invalidSieve",
        /// The script is active (RFC 9661 section 2.4).
        SieveIsActive => "sieveIsActive",
    }
}

/// Why one object was not created, changed or destroyed.
#[derive(Debug, Clone, PartialEq)]
pub struct SetError {
    /// What kind of failure.
    pub kind: SetErrorKind,
    /// What is wrong and what to do.
    pub description: String,
    /// The properties that are wrong.
    pub properties: Vec<String>,
    /// Members that this kind has beside.
    pub more: Vec<(&'static str, Value)>,
}

impl SetError {
    /// A failure of this kind.
    #[must_use]
    pub fn new(kind: SetErrorKind, description: impl Into<String>) -> Self {
        Self { kind, description: description.into(), properties: Vec::new(), more: Vec::new() }
    }

    /// A property is wrong.
    #[must_use]
    pub fn property(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self { properties: vec![name.into()], ..Self::new(SetErrorKind::InvalidProperties, description) }
    }

    /// The same with one more member.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.more.push((name, value));
        self
    }
}

impl Serialize for SetError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut members = to.serialize_map(None)?;
        members.serialize_entry("type", self.kind.as_str())?;
        if !self.description.is_empty() {
            members.serialize_entry("description", &self.description)?;
        }
        if !self.properties.is_empty() {
            members.serialize_entry("properties", &self.properties)?;
        }
        for (name, value) in &self.more {
            members.serialize_entry(name, value)?;
        }
        members.end()
    }
}
