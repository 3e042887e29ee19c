//! Why a message is kept back, for its sender.

use mail::dsn::{NOT_BY_PORTAL, NOT_ENCRYPTED, NOT_END_TO_END, Reason};
use mail::message::ContentEncryption;
use mail::protection::{Demand, Means};

/// Why a message does not go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeptBack {
    /// It must be signed, and its author has no key here that may.
    NoOwnKey { kind: ContentEncryption, address: String },
    /// It must be encrypted, and there is no key of a recipient; `cause` is why his directory could not be asked.
    NoKey { kind: ContentEncryption, address: String, cause: Option<String> },
    /// It has none of what is demanded.
    Demand(Demand),
}

impl KeptBack {
    /// Whether it waits for what is missing. A key of OpenPGP may come of itself, or by what its sender does; a certificate once somebody can be
    /// asked who could not be.
    pub(crate) const fn waits(&self) -> bool {
        matches!(self, Self::NoKey { kind: ContentEncryption::OpenPgp, .. } | Self::NoKey { cause: Some(_), .. })
    }

    /// What the sender of a message to `domain` is told, on one line.
    pub(crate) fn refusal(&self, domain: &str) -> String {
        match self {
            Self::NoOwnKey { kind: ContentEncryption::Smime, address } => format!(
                "mail to this partner must be signed with S/MIME, and {address} has no S/MIME key that may sign now; import one (tradewind smime import) or have one made (tradewind smime request)"
            ),
            Self::NoOwnKey { kind: ContentEncryption::OpenPgp, address } => format!(
                "mail to this partner must be signed with OpenPGP, and no key is kept here for {address}; make one (tradewind openpgp make {address}) and send again"
            ),
            Self::NoKey { kind: ContentEncryption::Smime, address, cause: Some(cause) } => format!(
                "mail to this partner must be encrypted with S/MIME, and no certificate of {address} can be used now ({cause}); it waits, and is tried again"
            ),
            Self::NoKey { kind: ContentEncryption::Smime, address, cause: None } => format!(
                "mail to this partner must be encrypted with S/MIME, and there is no valid certificate of {address}; ask for a signed message, or add the certificate (tradewind smime trust)"
            ),
            Self::NoKey { kind: ContentEncryption::OpenPgp, address, cause } => {
                let asked = cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
                format!(
                    "mail to this partner must be encrypted with OpenPGP, and no key of {address} is known{asked}; it waits. Bring the key (tradewind openpgp add-partner {address} FILE), or ask for a message that carries it (Autocrypt), or that it is published (WKD)"
                )
            }
            Self::Demand(demand) => refused_by(demand, domain),
        }
    }

    /// The same in the words of notifications.
    pub(crate) fn reason(&self) -> &'static Reason {
        match self {
            Self::NoOwnKey { kind: ContentEncryption::Smime, .. } => &NO_KEY,
            Self::NoOwnKey { kind: ContentEncryption::OpenPgp, .. } => &NO_PGP_KEY,
            Self::NoKey { kind: ContentEncryption::Smime, cause: Some(_), .. } => &NO_CERTIFICATE_NOW,
            Self::NoKey { kind: ContentEncryption::Smime, cause: None, .. } => &NO_CERTIFICATE,
            Self::NoKey { kind: ContentEncryption::OpenPgp, .. } => &NO_PGP_KEY_OF_PARTNER,
            Self::Demand(demand) if demand.names(Means::Portal) => &NOT_BY_PORTAL,
            Self::Demand(demand) if demand.means() == [Means::EndToEnd] => &NOT_END_TO_END,
            Self::Demand(_) => &NOT_ENCRYPTED,
        }
    }
}

fn refused_by(demand: &Demand, domain: &str) -> String {
    let names = |means| demand.names(means);
    let how = match (names(Means::OpenPgp), names(Means::Smime), names(Means::EndToEnd)) {
        (true, true, _) => Some("with OpenPGP or S/MIME"),
        (false, false, true) => Some("from end to end, with OpenPGP or S/MIME in your own program"),
        (true, false, _) => Some("with OpenPGP"),
        (false, true, _) => Some("with S/MIME"),
        (false, false, false) => None,
    };
    let portal = "go by the portal; send it in the webmail with Protection set to Portal";
    match how {
        Some(how) if names(Means::Portal) => format!("Mail to {domain} must {portal}, or encrypt it {how}"),
        Some(how) => format!("Mail to {domain} must be encrypted {how}; encrypt the whole message and send it again"),
        None => format!("Mail to {domain} must {portal}"),
    }
}

const NO_KEY: Reason = Reason {
    en: "Mail to this partner must be signed (S/MIME), and you have no key for that. It was not sent. Ask your administrator to make or import one, and send it again.",
    zh: "发往该合作伙伴的邮件必须签名（S/MIME），而您没有可用的密钥，因此未发送。请联系管理员生成或导入密钥后重发。",
};

const NO_CERTIFICATE: Reason = Reason {
    en: "Mail to this partner must be encrypted (S/MIME), and no valid certificate of the recipient is known. It was not sent. Ask the recipient for a signed message, or give his certificate to your administrator, and send it again.",
    zh: "发往该合作伙伴的邮件必须加密（S/MIME），但没有收件人的有效证书，因此未发送。请让收件人发来一封签名邮件，或将其证书交给管理员，然后重发。",
};

const NO_CERTIFICATE_NOW: Reason = Reason {
    en: "Mail to this partner must be encrypted (S/MIME), and the recipient's certificate cannot be looked up or checked now, as a server that must be asked for it does not answer. The message is not sent unencrypted. It waits and is tried again; there is nothing you need to do.",
    zh: "发往该合作伙伴的邮件必须加密（S/MIME），但目前无法查找或核验收件人的证书，因为需要查询的服务器没有应答。邮件不会以未加密方式发送，将等待并自动重试，您无需操作。",
};

const NO_PGP_KEY: Reason = Reason {
    en: "Mail to this partner must be signed (OpenPGP), and no key is kept here for you. It was not sent. Make one, or ask your administrator, and send it again.",
    zh: "发往该合作伙伴的邮件必须签名（OpenPGP），而此处没有您的密钥，因此未发送。请生成密钥或联系管理员，然后重发。",
};

const NO_PGP_KEY_OF_PARTNER: Reason = Reason {
    en: "Mail to this partner must be encrypted (OpenPGP), and no key of the recipient is known that can be used. It is not sent before there is one. Ask the recipient for a message that carries the key (Autocrypt) or to publish it, or give the key to your administrator.",
    zh: "发往该合作伙伴的邮件必须加密（OpenPGP），但没有收件人的可用密钥，得到密钥之前不会发送。请让收件人发来附带密钥的邮件（Autocrypt）或公开其密钥，或将其密钥交给管理员。",
};
