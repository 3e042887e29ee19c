//! Attacks: schematic letters of the kinds that companies lose money to, at domains that exist nowhere.

mod forged;
mod hijack;
pub(crate) mod lookalike;
mod strangers;

use crate::chance::Chance;
use crate::course::Course;
use crate::documents::Form;
use crate::letter::Letter;

/// A kind of attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attack {
    /// A domain that looks like the partner's enters a running deal.
    LookalikeTypo,
    LookalikeHomoglyph,
    LookalikeTld,
    LookalikeWord,
    LookalikeSubdomain,
    LookalikeIdn,
    /// A look-alike or the taken-over mailbox asks to wait for an account that it does not yet tell.
    Pretext,
    /// Look-alike of a customer's domain asks to be paid back.
    LookalikeCustomer,
    /// From is the partner's and proves nothing; answers go elsewhere.
    ReplyTo,
    /// The partner's name at a free provider.
    DisplayName,
    /// The partner's true mailbox in other hands; the new account stands in the text, a PDF, a sheet, a text document.
    TakenOverBody,
    TakenOverPdf,
    TakenOverXlsx,
    TakenOverDocx,
    /// "As below", and below the digits are others than those once written.
    AlteredQuote,
    /// From the partner's own desk: an account whose holder is somebody else in another country.
    ForeignHolder,
    /// Our own mailbox in other hands tells customers another account.
    OwnMailbox,
    /// Management asks finance to pay: at a free provider, at a look-alike of ours, in our own name without proof.
    ExecutiveFreeMail,
    ExecutiveLookalike,
    ExecutiveSpoofed,
    ExecutiveEnglish,
    Payroll,
    GiftCards,
    AgeingReport,
    FakeCustomer,
    Overpayment,
    AdvanceFee,
    CourierFee,
    CustomsFee,
    UnknownInvoice,
    CryptoDemand,
}

/// All kinds.
pub(crate) const ALL: &[Attack] = &[
    Attack::LookalikeTypo,
    Attack::LookalikeHomoglyph,
    Attack::LookalikeTld,
    Attack::LookalikeWord,
    Attack::LookalikeSubdomain,
    Attack::LookalikeIdn,
    Attack::Pretext,
    Attack::LookalikeCustomer,
    Attack::ReplyTo,
    Attack::DisplayName,
    Attack::TakenOverBody,
    Attack::TakenOverPdf,
    Attack::TakenOverXlsx,
    Attack::TakenOverDocx,
    Attack::AlteredQuote,
    Attack::ForeignHolder,
    Attack::OwnMailbox,
    Attack::ExecutiveFreeMail,
    Attack::ExecutiveLookalike,
    Attack::ExecutiveSpoofed,
    Attack::ExecutiveEnglish,
    Attack::Payroll,
    Attack::GiftCards,
    Attack::AgeingReport,
    Attack::FakeCustomer,
    Attack::Overpayment,
    Attack::AdvanceFee,
    Attack::CourierFee,
    Attack::CustomsFee,
    Attack::UnknownInvoice,
    Attack::CryptoDemand,
];

impl Attack {
    /// The kind as the truth has it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::LookalikeTypo => "lookalike_typo",
            Self::LookalikeHomoglyph => "lookalike_homoglyph",
            Self::LookalikeTld => "lookalike_tld",
            Self::LookalikeWord => "lookalike_word",
            Self::LookalikeSubdomain => "lookalike_subdomain",
            Self::LookalikeIdn => "lookalike_idn",
            Self::Pretext => "pretext",
            Self::LookalikeCustomer => "lookalike_customer",
            Self::ReplyTo => "reply_to",
            Self::DisplayName => "display_name",
            Self::TakenOverBody => "taken_over_body",
            Self::TakenOverPdf => "taken_over_pdf",
            Self::TakenOverXlsx => "taken_over_xlsx",
            Self::TakenOverDocx => "taken_over_docx",
            Self::AlteredQuote => "altered_quote",
            Self::ForeignHolder => "foreign_holder",
            Self::OwnMailbox => "own_mailbox",
            Self::ExecutiveFreeMail => "executive_free_mail",
            Self::ExecutiveLookalike => "executive_lookalike",
            Self::ExecutiveSpoofed => "executive_spoofed",
            Self::ExecutiveEnglish => "executive_english",
            Self::Payroll => "payroll",
            Self::GiftCards => "gift_cards",
            Self::AgeingReport => "ageing_report",
            Self::FakeCustomer => "fake_customer",
            Self::Overpayment => "overpayment",
            Self::AdvanceFee => "advance_fee",
            Self::CourierFee => "courier_fee",
            Self::CustomsFee => "customs_fee",
            Self::UnknownInvoice => "unknown_invoice",
            Self::CryptoDemand => "crypto_demand",
        }
    }
}

impl Course<'_> {
    /// The letter of an attack; `None` where there is no deal to enter.
    pub(crate) fn attack(&mut self, attack: Attack, at: i64) -> Result<Option<Letter>, String> {
        let mut chance = self.chance.fork("attack");
        let chance = &mut chance;
        match attack {
            Attack::LookalikeTypo
            | Attack::LookalikeHomoglyph
            | Attack::LookalikeTld
            | Attack::LookalikeWord
            | Attack::LookalikeSubdomain
            | Attack::LookalikeIdn => self.lookalike_hijack(attack, at, chance),
            Attack::Pretext => Ok(self.pretext(at, chance)),
            Attack::LookalikeCustomer => self.lookalike_customer(at, chance),
            Attack::ReplyTo => self.reply_elsewhere(at, chance),
            Attack::DisplayName => self.partner_on_free_mail(at, chance),
            Attack::TakenOverBody => self.taken_over(attack, None, at, chance),
            Attack::TakenOverPdf => self.taken_over(attack, Some(Form::Pdf), at, chance),
            Attack::TakenOverXlsx => self.taken_over(attack, Some(Form::Xlsx), at, chance),
            Attack::TakenOverDocx => self.taken_over(attack, Some(Form::Docx), at, chance),
            Attack::AlteredQuote => Ok(self.altered_quote(at, chance)),
            Attack::ForeignHolder => self.foreign_holder(at, chance),
            Attack::OwnMailbox => self.own_mailbox(at, chance),
            Attack::ExecutiveFreeMail
            | Attack::ExecutiveLookalike
            | Attack::ExecutiveSpoofed
            | Attack::ExecutiveEnglish
            | Attack::GiftCards
            | Attack::AgeingReport => self.executive(attack, at, chance).map(Some),
            Attack::Payroll => self.payroll(at, chance).map(Some),
            _ => self.by_stranger(attack, at, chance).map(Some),
        }
    }
}

/// Where the new account stands: in the text or in a file.
pub(crate) fn some_placing(chance: &mut Chance) -> crate::scene::Placing {
    use crate::scene::Placing;
    match chance.below(6) {
        0..=2 => Placing::Body,
        3 | 4 => Placing::File(Form::Pdf),
        _ => Placing::File(*chance.pick(&[Form::Xlsx, Form::Docx])),
    }
}
