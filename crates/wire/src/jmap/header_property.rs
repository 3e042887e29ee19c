//! Properties that name a header field and the form in which it is wanted (RFC 8621 section 4.1.3).

/// In which form a header field is wanted (RFC 8621 section 4.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeaderForm {
    /// As it stands.
    Raw,
    /// For people.
    Text,
    /// Addresses.
    Addresses,
    /// Addresses by group.
    GroupedAddresses,
    /// Identifiers of messages.
    MessageIds,
    /// A moment.
    Date,
    /// Addresses of pages.
    Urls,
}

impl HeaderForm {
    /// Whether RFC 8621 section 4.1.2 lets the field `name` be read in this form: any form for fields that RFCs 5322 and 2369 do not
    /// define.
    #[must_use]
    pub fn suits(self, name: &str) -> bool {
        let is = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
        let addresses = [
            "From",
            "Sender",
            "Reply-To",
            "To",
            "Cc",
            "Bcc",
            "Resent-From",
            "Resent-Sender",
            "Resent-Reply-To",
            "Resent-To",
            "Resent-Cc",
            "Resent-Bcc",
        ];
        let texts = ["Subject", "Comments", "Keywords", "List-Id"];
        let ids = ["Message-ID", "In-Reply-To", "References", "Resent-Message-ID"];
        let dates = ["Date", "Resent-Date"];
        let urls = ["List-Help", "List-Unsubscribe", "List-Subscribe", "List-Post", "List-Owner", "List-Archive"];
        let others = ["Return-Path", "Received"];
        let own = match self {
            Self::Raw => return true,
            Self::Text => is(&texts),
            Self::Addresses | Self::GroupedAddresses => is(&addresses),
            Self::MessageIds => is(&ids),
            Self::Date => is(&dates),
            Self::Urls => is(&urls),
        };
        own || !(is(&addresses) || is(&texts) || is(&ids) || is(&dates) || is(&urls) || is(&others))
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Raw => "asRaw",
            Self::Text => "asText",
            Self::Addresses => "asAddresses",
            Self::GroupedAddresses => "asGroupedAddresses",
            Self::MessageIds => "asMessageIds",
            Self::Date => "asDate",
            Self::Urls => "asURLs",
        }
    }

    const ALL: [Self; 7] =
        [Self::Raw, Self::Text, Self::Addresses, Self::GroupedAddresses, Self::MessageIds, Self::Date, Self::Urls];
}

/// A property `header:{name}[:as{form}][:all]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HeaderProperty {
    /// Name of the field, as the client wrote it.
    pub name: String,
    /// The form.
    pub form: HeaderForm,
    /// Every field of the name rather than the last.
    pub all: bool,
}

impl HeaderProperty {
    /// Reads the name of a property; none if it is not one of these, or not well formed.
    #[must_use]
    pub fn parse(property: &str) -> Option<Self> {
        let rest = property.strip_prefix("header:")?;
        let (rest, all) = rest.strip_suffix(":all").map_or((rest, false), |rest| (rest, true));
        let (name, form) = match rest.split_once(':') {
            None => (rest, HeaderForm::Raw),
            Some((name, word)) => (name, HeaderForm::ALL.into_iter().find(|form| form.word() == word)?),
        };
        // RFC 5322 section 2.2: printable characters without the colon.
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        (is_name && form.suits(name)).then(|| Self { name: name.to_owned(), form, all })
    }
}
