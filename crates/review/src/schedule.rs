//! Reviews in time: once for each organisation and period, whichever node is first.

use identity::Language;
use letters::{Letter, Mailer, Texts};
use mail::Address;
use mail_builder::MessageBuilder;
use store::{Store, Tx, params};

use crate::ReviewError;
use crate::access::review_access;
use crate::alert::Contacts;
use crate::pdf;
use crate::period::{Kind, Period};
use crate::report::Report;
use crate::sign_ins::review_sign_ins;

/// Makes reviews and sends them.
#[derive(Clone)]
pub struct Reviewer {
    /// What is reviewed.
    pub store: Store,
    /// Sends the reviews.
    pub mailer: Mailer,
    /// Who gets them.
    pub contacts: Contacts,
}

impl Reviewer {
    /// Sends the reviews that are due; gives how many.
    ///
    /// # Errors
    /// [`ReviewError`] if the store fails; what was not sent is due still.
    pub async fn run(&self) -> Result<usize, ReviewError> {
        let now = self.store.context().clock.now();
        let organisations = self.store.read(identity::list_organisations).await?;
        let mut sent = 0;
        for organisation in organisations {
            for kind in Kind::ALL {
                let period = Period::before(kind, now);
                // What began later has nothing to review.
                if organisation.created < period.end() {
                    sent += usize::from(self.send(organisation.id, kind, period).await?);
                }
            }
        }
        Ok(sent)
    }

    async fn send(&self, organisation: i64, kind: Kind, period: Period) -> Result<bool, ReviewError> {
        if self.store.read(move |tx| is_made(tx, organisation, kind, period)).await? {
            return Ok(false);
        }
        let contacts = self.contacts.clone();
        let readers = self.store.read(move |tx| contacts.of(tx, organisation)).await?;
        let mut letters = Vec::new();
        for account in readers {
            let reader = self.store.read(move |tx| identity::load_account(tx, account)).await?;
            let Some(to) = reader.addresses.first().and_then(|main| Address::parse(main).ok()) else { continue };
            let language = reader.language;
            let report = self.store.read(move |tx| make(tx, organisation, kind, period, language)).await?;
            let raw = self.letter(&report, kind, period, &to, language);
            let letter =
                Letter { utf8: !to.is_ascii_capable(), ..Letter::new(organisation, vec![to.to_string()], raw) };
            letters.push(self.mailer.ready(letter).await?);
        }
        let work = move |tx: &mut Tx<'_>| {
            if !claim(tx, organisation, kind, period)? {
                return Ok(false);
            }
            for letter in &letters {
                letter.post(tx)?;
            }
            Ok::<_, ReviewError>(true)
        };
        self.store.write(work).await
    }

    fn letter(&self, report: &Report, kind: Kind, period: Period, to: &Address, language: Language) -> Vec<u8> {
        let texts = Texts::of(language);
        let file = format!("{}-{period}", kind.as_str());
        let text = format!("{}\r\n\r\n{}\r\n", report.title, texts.say("review-letter", &[]));
        let built = MessageBuilder::new()
            .from((texts.say("notice-from", &[]), format!("postmaster@{}", to.domain_ascii())))
            .to(to.to_string())
            .date(self.store.context().clock.now().seconds())
            .message_id(self.mailer.message_id())
            .subject(report.title.as_str())
            .header("Auto-Submitted", mail_builder::headers::raw::Raw::new("auto-generated"))
            .text_body(text)
            .html_body(report.html())
            .attachment("application/pdf", format!("{file}.pdf"), pdf::write(report))
            .attachment("text/csv", format!("{file}.csv"), report.csv().into_bytes())
            .write_to_vec();
        // Writing to a vector cannot fail.
        built.unwrap_or_default()
    }
}

/// The review of that kind and period.
///
/// # Errors
/// [`ReviewError`] if the store fails.
pub fn make(
    tx: &mut Tx<'_>,
    organisation: i64,
    kind: Kind,
    period: Period,
    language: Language,
) -> Result<Report, ReviewError> {
    match kind {
        Kind::SignIns => review_sign_ins(tx, organisation, period, language),
        Kind::Access => review_access(tx, organisation, period, language),
    }
}

fn is_made(tx: &mut Tx<'_>, organisation: i64, kind: Kind, period: Period) -> Result<bool, ReviewError> {
    let found = tx.row(
        "SELECT made FROM sign_in_review WHERE organisation = $1 AND kind = $2 AND period = $3",
        params![organisation, kind.as_str(), &period.to_string()],
        |row| row.int(0),
    )?;
    Ok(found.is_some())
}

fn claim(tx: &mut Tx<'_>, organisation: i64, kind: Kind, period: Period) -> Result<bool, ReviewError> {
    let claimed = tx.execute(
        "INSERT INTO sign_in_review (organisation, kind, period, made) VALUES ($1, $2, $3, $4)
         ON CONFLICT (organisation, kind, period) DO NOTHING",
        params![organisation, kind.as_str(), &period.to_string(), tx.now().millis()],
    )?;
    Ok(claimed == 1)
}
