//! Words of intent in the languages of trade: what a text wants of its reader, whatever language it is written in.

use std::sync::LazyLock;

use crate::phrases::Phrases;

const SOURCE: &str = include_str!("../data/lexicon.tsv");

macro_rules! concepts {
    ($($(#[$doc:meta])* $name:ident = $word:literal),+ $(,)?) => {
        /// What a text speaks of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Concept { $($(#[$doc])* $name),+ }

        impl Concept {
            pub(crate) const ALL: &[(Self, &str)] = &[$((Self::$name, $word)),+];
        }
    };
}

concepts! {
    Account = "account",
    Credential = "credential",
    Verify = "verify",
    Threat = "threat",
    Urgent = "urgent",
    Click = "click",
    Security = "security",
    Billing = "billing",
    Prize = "prize",
    Advance = "advance",
    Crypto = "crypto",
    Parcel = "parcel",
    Invoice = "invoice",
    Refund = "refund",
    Quota = "quota",
    Extortion = "extortion",
    Boss = "boss",
    Invest = "invest",
    Medicine = "medicine",
    Adult = "adult",
    Shop = "shop",
    Stock = "stock",
    Casino = "casino",
    Diploma = "diploma",
    OptOut = "optout",
    Stranger = "stranger",
    Document = "document",
    Brand = "brand",
    Support = "support",
    Hosting = "hosting",
    Trade = "trade",
}

/// How many different words of each concept a text has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Concepts {
    counts: [u8; Concept::ALL.len()],
    /// One word found for each, by its pattern.
    words: [u32; Concept::ALL.len()],
}

impl Concepts {
    /// How many different words of `concept` there are.
    pub(crate) fn count(&self, concept: Concept) -> u8 {
        self.counts.get(concept as usize).copied().unwrap_or(0)
    }

    /// Whether the text speaks of `concept`.
    pub(crate) fn has(&self, concept: Concept) -> bool {
        self.count(concept) > 0
    }

    /// A word by which the text speaks of `concept`.
    pub(crate) fn word(&self, concept: Concept) -> &'static str {
        let pattern = self.words.get(concept as usize).copied().unwrap_or(0);
        LEXICON.as_ref().and_then(|lexicon| lexicon.phrase(pattern as usize)).unwrap_or_default()
    }

    /// Concepts of the text with their counts.
    pub(crate) fn all(&self) -> impl Iterator<Item = (usize, &'static str, u8)> + '_ {
        let named = Concept::ALL.iter().enumerate();
        named
            .filter_map(|(at, (_, name))| self.counts.get(at).map(|count| (at, *name, *count)))
            .filter(|(_, _, count)| *count > 0)
    }
}

/// None if the file that is built in cannot be read; a test sees to it that it can.
static LEXICON: LazyLock<Option<Phrases>> = LazyLock::new(|| {
    let names: Vec<&str> = Concept::ALL.iter().map(|(_, name)| *name).collect();
    Phrases::read(SOURCE, &names).ok()
});

/// What `texts`, brought to their one form, speak of.
pub(crate) fn concepts(texts: [&str; 2]) -> Concepts {
    let mut found = Concepts::default();
    let Some(lexicon) = LEXICON.as_ref() else { return found };
    let mut seen = vec![false; lexicon.len()];
    for text in texts {
        for hit in lexicon.hits(text) {
            let Some(slot) = seen.get_mut(hit.id).filter(|slot| !**slot) else { continue };
            *slot = true;
            if let (Some(count), Some(word)) = (found.counts.get_mut(hit.group), found.words.get_mut(hit.group)) {
                *count = count.saturating_add(1);
                *word = u32::try_from(hit.id).unwrap_or(0);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal::normal;

    fn of(text: &str) -> Concepts {
        concepts([&normal(text).text, ""])
    }

    #[test]
    fn the_file_can_be_read_and_knows_the_languages_of_trade() {
        assert!(LEXICON.is_some());
        for language in ["en", "zh", "es", "pt", "fr", "de", "it", "ru", "ar", "tr", "ja", "ko", "vi"] {
            for concept in ["account", "credential", "verify", "threat", "urgent", "click", "security", "boss"] {
                assert!(SOURCE.contains(&format!("\n{concept}\t{language}\t")), "{concept} in {language}");
            }
        }
    }

    #[test]
    fn one_intent_in_every_language() {
        for text in [
            "Your account will be suspended unless you verify it within 24 hours",
            "您的账户将被冻结，请在24小时内验证",
            "Su cuenta será suspendida si no verifica sus datos en 24 horas",
            "Sua conta será suspensa, verifique em 24 horas",
            "Votre compte sera suspendu, vérifiez-le sous 24 heures",
            "Ihr Konto wird gesperrt, verifizieren Sie es innerhalb von 24 Stunden",
            "Il suo conto sarà sospeso: verifichi entro 24 ore",
            "Ваш аккаунт будет заблокирован, подтвердите его в течение 24 часов",
            "سيتم تعليق حسابك ما لم يتم التحقق خلال 24 ساعة",
            "Hesabınız askıya alınacak, 24 saat içinde doğrulayın",
            "アカウントは停止されます。24時間以内に確認してください",
            "계정이 정지됩니다. 24시간 이내에 확인하세요",
            "Tài khoản của bạn sẽ bị khóa, hãy xác minh trong vòng 24 giờ",
        ] {
            let found = of(text);
            for concept in [Concept::Account, Concept::Threat, Concept::Verify, Concept::Urgent] {
                assert!(found.has(concept), "{concept:?}: {text}");
            }
        }
        assert_eq!(of("The weather is fine").all().count(), 0);
    }
}
