//! Message flags (RFC 9051 section 2.3.2).

use super::limits::{FLAGS_MAX, KEYWORD_BYTES_MAX};

/// The system flags of a message, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct SystemFlags(u8);

impl SystemFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// `\Seen`
    pub const SEEN: Self = Self(1);
    /// `\Answered`
    pub const ANSWERED: Self = Self(2);
    /// `\Flagged`
    pub const FLAGGED: Self = Self(4);
    /// `\Deleted`
    pub const DELETED: Self = Self(8);
    /// `\Draft`
    pub const DRAFT: Self = Self(16);
    /// `\Recent` (RFC 3501 section 2.3.2; given only by the server).
    pub const RECENT: Self = Self(32);
    /// All that a client may set.
    pub const SETTABLE: Self = Self(31);

    /// The flags with their names, in the order in which they are listed.
    pub const NAMES: [(Self, &'static str); 6] = [
        (Self::ANSWERED, "\\Answered"),
        (Self::FLAGGED, "\\Flagged"),
        (Self::DELETED, "\\Deleted"),
        (Self::SEEN, "\\Seen"),
        (Self::DRAFT, "\\Draft"),
        (Self::RECENT, "\\Recent"),
    ];

    /// As stored.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From what [`SystemFlags::bits`] gave; unknown bits are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 63)
    }

    /// Whether every flag of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// With the flags of `other` too.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Without the flags of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether none is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The flag of this name (with its backslash), in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(flag, _)| *flag)
    }
}

impl std::fmt::Debug for SystemFlags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(Self::NAMES.iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, name)| name))
            .finish()
    }
}

/// The flags that a command names. `\Recent`, which only the server gives, is left out silently: clients copy it
/// from what they fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// System flags.
    pub system: SystemFlags,
    /// Keywords as written, each once (keywords compare without case, RFC 9051 section 2.3.2).
    pub keywords: Vec<String>,
}

impl Flags {
    /// Adds a flag by name; the message says why it cannot be one.
    pub(super) fn add(&mut self, name: &str) -> Result<(), &'static str> {
        if name.starts_with('\\') {
            let flag = SystemFlags::from_name(name).ok_or("unknown system flag")?;
            self.system = self.system.with(flag.without(SystemFlags::RECENT));
            return Ok(());
        }
        if name.len() > KEYWORD_BYTES_MAX {
            return Err("keyword too long");
        }
        if self.keywords.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Ok(());
        }
        if self.keywords.len() >= FLAGS_MAX {
            return Err("too many flags");
        }
        self.keywords.push(name.to_owned());
        Ok(())
    }
}
