//! The words that columns, settings and the command line hold, as types.

/// A word that is none of those allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no {what}; use one of: {allowed}")]
pub struct UnknownWord {
    /// What was expected.
    pub what: &'static str,
    /// What was given.
    pub given: String,
    /// The words allowed, divided by commas.
    pub allowed: &'static str,
}

/// Declares enums that are written as words: `as_str`, `ALL`, `doc` (the comment on the word), `FromStr`, `Display`.
///
/// ```
/// env::words! {
///     /// What a lamp shows.
///     Lamp "lamp" allowed "red, green" {
///         /// Stop.
///         Red = "red",
///         /// Go.
///         Green = "green",
///     }
/// }
/// assert_eq!("green".parse(), Ok(Lamp::Green));
/// assert_eq!(Lamp::Red.doc(), "Stop.");
/// ```
#[macro_export]
macro_rules! words {
    ($($(#[doc = $doc:literal])+ $kind:ident $what:literal allowed $allowed:literal {
        $($(#[doc = $word_doc:literal])+ $name:ident = $word:literal,)+
    })+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind {
            $($(#[doc = $word_doc])+ $name,)+
        }

        impl $kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word in the database, in settings and on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// What it means, in English.
            #[must_use]
            pub fn doc(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($word_doc),+).trim_start(),)+
                }
            }
        }

        impl std::str::FromStr for $kind {
            type Err = $crate::UnknownWord;

            fn from_str(given: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().find(|it| it.as_str() == given).copied();
                found.ok_or_else(|| $crate::UnknownWord { what: $what, given: given.to_owned(), allowed: $allowed })
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    )+};
}
