//! Settings as data: schema, default and doc in one place, next to what they configure.
//!
//! A crate declares its section with [`settings!`](crate::settings!); the program's outermost crate reads the file, prints the reference and
//! writes the commented file of a new installation from the same declaration.

/// One setting, for the reference and for a commented configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Name in the file.
    pub name: &'static str,
    /// What it means, with its unit; one line or more.
    pub doc: &'static str,
    /// Its type, as Rust writes it.
    pub kind: &'static str,
}

/// A section of the configuration file.
pub trait Section: Default {
    /// Name of the section's table in the file.
    const NAME: &'static str;
    /// What the section is about.
    const DOC: &'static str;
    /// Its settings, in the order of the file.
    const FIELDS: &'static [Field];
}

/// Declares a section of settings: a struct that serde reads (unknown names refused, missing ones take the default),
/// with each field's doc comment kept for the reference.
///
/// ```
/// env::settings! {
///     /// How greetings are made.
///     pub struct Greeting in "greeting" {
///         /// Whom to greet.
///         name: String = "world".to_owned(),
///     }
/// }
/// assert_eq!(Greeting::default().name, "world");
/// ```
#[macro_export]
macro_rules! settings {
    (
        $(#[doc = $section_doc:literal])+
        $visible:vis struct $section:ident in $table:literal {
            $($(#[doc = $doc:literal])+ $field:ident: $kind:ty = $default:expr,)+
        }
    ) => {
        $(#[doc = $section_doc])+
        #[derive(Debug, Clone, PartialEq, $crate::settings::serde::Deserialize, $crate::settings::serde::Serialize)]
        #[serde(crate = "env::settings::serde", default, deny_unknown_fields)]
        $visible struct $section {
            $($(#[doc = $doc])+ pub $field: $kind,)+
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $crate::settings::Section for $section {
            const NAME: &'static str = $table;
            const DOC: &'static str = concat!($($section_doc, "\n"),+);
            const FIELDS: &'static [$crate::settings::Field] = &[
                $($crate::settings::Field {
                    name: stringify!($field),
                    doc: concat!($($doc, "\n"),+),
                    kind: stringify!($kind),
                },)+
            ];
        }
    };
}

#[doc(hidden)]
pub use serde;

#[cfg(test)]
mod tests {
    use super::Section;
    // Inside this crate the macro's path `env::` must resolve as it does for others.
    use crate as env;

    env::settings! {
        /// A section.
        pub(super) struct Sample in "sample" {
            /// First line.
            /// Second line.
            count: u32 = 7,
            /// Names.
            names: Vec<String> = vec!["a".to_owned()],
        }
    }

    #[test]
    fn docs_and_defaults_come_from_one_place() {
        assert_eq!(Sample::default(), Sample { count: 7, names: vec!["a".to_owned()] });
        assert_eq!(Sample::FIELDS.len(), 2);
        assert_eq!(Sample::FIELDS[0].doc, " First line.\n Second line.\n");
        assert_eq!(Sample::FIELDS[1].kind, "Vec<String>");
        assert_eq!((Sample::NAME, Sample::DOC), ("sample", " A section.\n"));
    }
}
