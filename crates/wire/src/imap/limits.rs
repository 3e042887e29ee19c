//! The bounds of one IMAP connection. Every one has a name and a unit, and one default in use.

/// How literals that the client sends without waiting are treated (RFC 7888).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonSyncLiterals {
    /// `LITERAL+`: of any size that a literal may have at that place.
    Any,
    /// `LITERAL-`: up to [`LITERAL_MINUS_BYTES_MAX`] (RFC 7888 section 5).
    Small,
}

/// Largest non-synchronising literal under `LITERAL-`, in bytes (RFC 7888 section 5).
pub const LITERAL_MINUS_BYTES_MAX: u64 = 4096;

/// Bounds that an operator may want to change, for one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Text of one command without its literals, in bytes. A longer one ends the connection.
    pub command_bytes_max: usize,
    /// All literals of a command other than APPEND together, in bytes.
    pub literal_bytes_max: u64,
    /// All literals of a command before the client has signed in, in bytes.
    pub literal_unauthenticated_bytes_max: u64,
    /// One appended message, in bytes; announced as `APPENDLIMIT` (RFC 7889).
    pub message_bytes_max: u64,
    /// All messages of one APPEND together (RFC 3502), in bytes.
    pub append_bytes_max: u64,
    /// One base64 line of a SASL exchange, in bytes.
    pub sasl_line_bytes_max: usize,
    /// Refused commands in a row, in commands, before the connection ends.
    pub errors_in_a_row_max: u32,
    /// Failed sign-ins of one connection, in attempts, before it ends.
    pub sign_in_failures_max: u32,
    /// Whether `LITERAL+` or `LITERAL-` is offered.
    pub non_sync: NonSyncLiterals,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            command_bytes_max: 64 * 1024,
            literal_bytes_max: 64 * 1024,
            literal_unauthenticated_bytes_max: 8 * 1024,
            message_bytes_max: 50 * 1024 * 1024,
            append_bytes_max: 64 * 1024 * 1024,
            sasl_line_bytes_max: 16 * 1024,
            errors_in_a_row_max: 20,
            sign_in_failures_max: 5,
            non_sync: NonSyncLiterals::Any,
        }
    }
}

/// Depth of parentheses, NOT and OR in a search, in levels.
pub const SEARCH_DEPTH_MAX: usize = 32;
/// Keys of one search, in keys.
pub const SEARCH_KEYS_MAX: usize = 1000;
/// Ranges of one sequence set, in ranges.
pub const SET_RANGES_MAX: usize = 16 * 1024;
/// Elements of any other parenthesised list, in elements.
pub const LIST_ITEMS_MAX: usize = 1000;
/// Flags that one command names, in flags.
pub const FLAGS_MAX: usize = 200;
/// One keyword, in bytes.
pub const KEYWORD_BYTES_MAX: usize = 200;
/// One mailbox name, in bytes of UTF-8.
pub const MAILBOX_NAME_BYTES_MAX: usize = 1000;
/// A tag, in bytes.
pub const TAG_BYTES_MAX: usize = 255;
/// Part numbers in one section, in levels.
pub const SECTION_DEPTH_MAX: usize = 64;
/// Messages in one APPEND (RFC 3502), in messages.
pub const APPEND_MESSAGES_MAX: usize = 1000;
