//! The one way to a new password: whoever sets one passes here.

use std::sync::Arc;

use env::{Secret, Watched};
use store::{Store, Tx, params};

use super::policy::{PasswordPolicy, PasswordSettings, password_policy};
use super::{Hasher, LeakedLists, PasswordRefusal, PreparedPassword, generate_password, normal_form};
use crate::app_password::{find, scram_salt};
use crate::{IdentityError, Level, list_addresses};

/// Shortest own word that a password may not contain, in characters; shorter ones are in too many words.
const OWN_WORD_CHARS_MIN: usize = 4;

/// The same for words of scripts whose words are short.
const OWN_WORD_CHARS_MIN_IDEOGRAPHIC: usize = 2;

/// Whose password it is: what it may not contain, and what it must be.
#[derive(Debug, Clone)]
pub struct Owner {
    /// Level of the organisation.
    pub level: Level,
    /// Name of the person, of the organisation, addresses: whole texts.
    pub names: Vec<String>,
}

/// Judges new passwords and hashes those that are good.
#[derive(Clone)]
pub struct PasswordGate {
    store: Store,
    hasher: Hasher,
    settings: Watched<PasswordSettings>,
    lists: LeakedLists,
}

impl PasswordGate {
    /// A gate with the rules of `settings` and what is on `lists`.
    #[must_use]
    pub fn new(
        store: Store,
        hasher: Hasher,
        settings: impl Into<Watched<PasswordSettings>>,
        lists: LeakedLists,
    ) -> Self {
        Self { store, hasher, settings: settings.into(), lists }
    }

    /// What is set beyond the levels.
    #[must_use]
    pub fn settings(&self) -> Arc<PasswordSettings> {
        self.settings.now()
    }

    /// What a password must be at `level`.
    #[must_use]
    pub fn policy(&self, level: Level) -> PasswordPolicy {
        password_policy(&self.settings.now(), level)
    }

    /// The first password of an account that is yet to be made.
    ///
    /// # Errors
    /// [`PasswordRefusal`] with the rule that it breaks.
    pub async fn first(&self, owner: &Owner, password: &Secret<String>) -> Result<PreparedPassword, PasswordRefusal> {
        self.check(owner, password).await?;
        Ok(self.hasher.prepare(password, owner.level).await?)
    }

    /// A new password of an account.
    ///
    /// # Errors
    /// [`PasswordRefusal`] with the rule that it breaks.
    pub async fn change(&self, account: i64, password: &Secret<String>) -> Result<PreparedPassword, PasswordRefusal> {
        let shown = password.clone();
        let work = move |tx: &mut Tx<'_>| Ok::<_, IdentityError>((load(tx, account)?, find(tx, account, &shown)?));
        let (present, app_password) = self.store.read(work).await?;
        self.check(&present.owner, password).await?;
        if app_password.is_some() {
            return Err(PasswordRefusal::AppPassword);
        }
        let level = present.owner.level;
        let history = self.policy(level).history;
        for hash in present.earlier.into_iter().take(history.saturating_add(1)) {
            if self.hasher.verify(password, hash).await? {
                return Err(PasswordRefusal::Reused(history));
            }
        }
        Ok(self.hasher.prepare_with_salt(password, level, present.salt).await?)
    }

    /// A fresh random password for an account of that level, with its hashes. It needs no judging.
    ///
    /// # Errors
    /// [`PasswordRefusal::Password`] if too many passwords are being hashed.
    pub async fn generate(&self, level: Level) -> Result<(Secret<String>, PreparedPassword), PasswordRefusal> {
        let fresh = generate_password(&*self.store.context().entropy);
        let prepared = self.hasher.prepare(&fresh, level).await?;
        Ok((fresh, prepared))
    }

    /// As [`Self::generate`], for an account that there is.
    ///
    /// # Errors
    /// [`PasswordRefusal`] if there is no such account or too many passwords are being hashed.
    pub async fn generate_for(&self, account: i64) -> Result<(Secret<String>, PreparedPassword), PasswordRefusal> {
        let present = self.store.read(move |tx| load(tx, account)).await?;
        let fresh = generate_password(&*self.store.context().entropy);
        let prepared = self.hasher.prepare_with_salt(&fresh, present.owner.level, present.salt).await?;
        Ok((fresh, prepared))
    }

    async fn check(&self, owner: &Owner, password: &Secret<String>) -> Result<(), PasswordRefusal> {
        let text = normal_form(password)?;
        judge_text(&self.policy(owner.level), owner, text.expose())?;
        self.lists.check(&text).await
    }
}

/// What the password itself shows.
fn judge_text(policy: &PasswordPolicy, owner: &Owner, text: &str) -> Result<(), PasswordRefusal> {
    let have = text.chars().count();
    if have < policy.chars_min {
        return Err(PasswordRefusal::Short { have, min: policy.chars_min });
    }
    let have = classes(text);
    if have < policy.classes_min {
        return Err(PasswordRefusal::Classes { have, min: policy.classes_min });
    }
    let words = own_words(&owner.names);
    let lower = text.to_lowercase();
    // As it stands, and with the signs that people put for letters.
    let plain: String = lower.chars().map(unleet).collect();
    if let Some(word) = words.iter().find(|word| lower.contains(word.as_str()) || plain.contains(word.as_str())) {
        return Err(PasswordRefusal::OwnWord(word.clone()));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let score = ::factors::strength::score(text, &words);
    if score < policy.score_min {
        return Err(PasswordRefusal::Guessable { score, min: policy.score_min });
    }
    Ok(())
}

/// Classes of characters. A letter of a script without case counts as one of the others.
fn classes(text: &str) -> usize {
    let has = |class: fn(char) -> bool| usize::from(text.chars().any(class));
    has(char::is_lowercase)
        + has(char::is_uppercase)
        + has(|c| c.is_ascii_digit())
        + has(|c| !c.is_lowercase() && !c.is_uppercase() && !c.is_ascii_digit())
}

/// The words of names and addresses that a password may not contain, in lower case: divided at what is no letter or digit, and each name
/// as a whole without spaces. What is only the ending of a domain is none.
fn own_words(names: &[String]) -> Vec<String> {
    let mut words = Vec::new();
    for name in names {
        let name = name.to_lowercase();
        let name = match name.rsplit_once('.') {
            Some((before, _)) if name.contains('@') => before.to_owned(),
            _ => name,
        };
        words.extend(name.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
        words.push(name.chars().filter(|c| !c.is_whitespace()).collect());
    }
    words.retain(|word| {
        let is_ideographic = word.chars().any(|c| ('\u{3400}'..='\u{9fff}').contains(&c));
        let min = if is_ideographic { OWN_WORD_CHARS_MIN_IDEOGRAPHIC } else { OWN_WORD_CHARS_MIN };
        word.chars().count() >= min
    });
    words.sort();
    words.dedup();
    words
}

fn unleet(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// What judging a new password of an account needs.
struct Present {
    owner: Owner,
    /// Hashes of the present password and of those before it, latest first.
    earlier: Vec<String>,
    /// Salt that SCRAM keys of all passwords of the account share.
    salt: Vec<u8>,
}

fn load(tx: &mut Tx<'_>, account: i64) -> Result<Present, IdentityError> {
    let row = tx.row(
        "SELECT o.level, o.name, a.name FROM account a JOIN organisation o ON o.id = a.organisation WHERE a.id = $1",
        params![account],
        |row| Ok([row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.text(2)?.to_owned()]),
    )?;
    let [level, organisation, name] = row.ok_or_else(|| IdentityError::NoAccount(account.to_string()))?;
    let mut names = vec![organisation, name];
    names.extend(list_addresses(tx, account)?);
    let mut earlier =
        tx.rows("SELECT hash FROM credential WHERE account = $1 AND kind = 'password'", params![account], |row| {
            Ok(row.text(0)?.to_owned())
        })?;
    earlier.extend(tx.rows(
        "SELECT hash FROM password_history WHERE account = $1 ORDER BY id DESC",
        params![account],
        |row| Ok(row.text(0)?.to_owned()),
    )?);
    Ok(Present { owner: Owner { level: level.parse()?, names }, earlier, salt: scram_salt(tx, account)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        let names = ["信风贸易 Tradewind Ltd", "Li Na", "李娜", "li.na.export@nordwind.example"];
        Owner { level: Level::Basic, names: names.map(str::to_owned).to_vec() }
    }

    fn judged(text: &str) -> String {
        let policy = password_policy(&PasswordSettings::default(), Level::Basic);
        judge_text(&policy, &owner(), text).map_or_else(|refusal| format!("{refusal:?}"), |()| "good".to_owned())
    }

    #[test]
    fn each_rule_names_itself() {
        for (text, wanted) in [
            ("Kupfer-7-Balkon", "good"),
            ("Bamo-tuke-wifa-zodu-pile-47", "good"),
            ("我的邮箱Balkon-Kupfer7", "good"),
            ("Kup-7", "Short { have: 5, min: 12 }"),
            ("kupferbalkon77", "Classes { have: 2, min: 4 }"),
            ("Kupferbalkon77", "Classes { have: 3, min: 4 }"),
            ("Balkon-7-Tradewind", "OwnWord(\"tradewind\")"),
            ("Balkon-7-Tr4dew1nd", "OwnWord(\"tradewind\")"),
            ("Balkon-7-NordWind!", "OwnWord(\"nordwind\")"),
            ("Balkon-7-Export!!", "OwnWord(\"export\")"),
            ("Balkon-7-信风贸易!!", "OwnWord(\"信风贸易\")"),
            ("Balkon-7-李娜-Kupfer", "OwnWord(\"李娜\")"),
            ("Password123!!", "Guessable { score: 1, min: 2 }"),
        ] {
            assert_eq!(judged(text), wanted, "{text}");
        }
    }

    #[test]
    fn every_refusal_tells_the_remedy_in_both_languages() {
        use crate::Language;
        for refusal in [
            PasswordRefusal::Short { have: 5, min: 12 },
            PasswordRefusal::Classes { have: 1, min: 4 },
            PasswordRefusal::OwnWord("nordwind".to_owned()),
            PasswordRefusal::Guessable { score: 1, min: 2 },
            PasswordRefusal::Breached,
            PasswordRefusal::OtherSystem,
            PasswordRefusal::Reused(3),
            PasswordRefusal::AppPassword,
            PasswordRefusal::Unchecked("list.txt: no such file".to_owned()),
            PasswordRefusal::Password(super::super::PasswordError::TooLong),
        ] {
            let (english, chinese) = (refusal.say(Language::English), refusal.say(Language::Chinese));
            assert!(english.is_ascii() || english.contains('“'), "{english}");
            assert!(chinese.contains('。'), "{chinese}");
            assert!(!english.contains("list.txt"), "nothing of the machine is told");
        }
    }
}
