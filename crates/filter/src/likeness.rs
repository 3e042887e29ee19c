//! Whether messages are made from one template: few hashes that alike texts share.
//!
//! Runs of three words are hashed; each band takes the smallest hash under each of several seeds (MinHash). Texts that share most of
//! their runs share a band with high probability, whatever names and numbers were filled in; others nearly never.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::facts::Facts;
use crate::normal::is_ideograph;

/// Hashes of one message.
const BANDS: usize = 4;

/// Smallest hashes in one band: texts that share half of their runs share a band one time in four, those that share a tenth never.
const ROWS: usize = 4;

/// Runs that a text must have: a line or two is like many others.
const RUNS_MIN: usize = 12;

/// Runs that are looked at.
const RUNS_MAX: usize = 600;

impl Facts {
    /// What pictures in it look like, each once.
    #[must_use]
    pub fn pictures(&self) -> Vec<u64> {
        let mut pictures = self.inside.as_ref().map(|inside| inside.pictures.clone()).unwrap_or_default();
        pictures.sort_unstable();
        pictures.dedup();
        pictures
    }

    /// What this message shares with those made from the same template; nothing for a short text.
    #[must_use]
    pub fn likeness(&self) -> Vec<u64> {
        let runs = runs(&self.normal_subject, &self.normal_text);
        if runs.len() < RUNS_MIN {
            return Vec::new();
        }
        (0..BANDS).map(|band| hash_of_band(band, &runs)).collect()
    }
}

fn hash_of_band(band: usize, runs: &[u64]) -> u64 {
    let mut octets = Vec::with_capacity(8 * (ROWS + 1));
    octets.extend_from_slice(&(band as u64).to_le_bytes());
    for row in 0..ROWS {
        let seed = (band * ROWS + row) as u64;
        let least = runs.iter().map(|run| xxh3_64_with_seed(&run.to_le_bytes(), seed)).min().unwrap_or(0);
        octets.extend_from_slice(&least.to_le_bytes());
    }
    xxh3_64_with_seed(&octets, 0)
}

/// Hashes of runs of three words; a word with a digit in it is a name or a number that was filled in.
fn runs(subject: &str, text: &str) -> Vec<u64> {
    let mut words: Vec<String> = Vec::new();
    for word in subject.split(' ').chain(text.split(' ')) {
        if word.starts_with(is_ideograph) {
            words.extend(word.chars().map(String::from));
        } else if !word.is_empty() && !word.chars().any(|c| c.is_ascii_digit()) {
            words.push(word.to_owned());
        }
        if words.len() > RUNS_MAX + 2 {
            break;
        }
    }
    let hash = |run: &[String]| xxh3_64_with_seed(run.join(" ").as_bytes(), 0);
    words.windows(3).map(hash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(one: &str, two: &str) -> usize {
        let (one, two) = (Facts::of_text("", one).likeness(), Facts::of_text("", two).likeness());
        one.iter().filter(|hash| two.contains(hash)).count()
    }

    const TEMPLATE: &str = "Dear NAME, your mailbox at our service has nearly reached its limit and new messages will soon be returned \
        to their senders. To keep receiving your correspondence please follow the page below and confirm that you are the owner of this \
        account before the end of the week. Reference NUMBER. The team of your provider thanks you for your understanding.";

    #[test]
    fn what_is_filled_in_does_not_matter() {
        let one = TEMPLATE.replace("NAME", "Anna").replace("NUMBER", "4711");
        let two = TEMPLATE.replace("NAME", "Mr Li Wei").replace("NUMBER", "AB-12/0");
        assert!(shared(&one, &two) >= 2, "{}", shared(&one, &two));
    }

    #[test]
    fn other_letters_share_nothing() {
        let other = "Dear Mr Li, thank you for your offer of two hundred ball valves. Please send us the drawings and the delivery time \
            to Hamburg, and tell us whether the certificates of the mill are part of the price that you have quoted to us last week.";
        assert_eq!(shared(TEMPLATE, other), 0);
        assert!(Facts::of_text("", "Thank you, see you tomorrow.").likeness().is_empty());
    }

    #[test]
    fn chinese_is_parted_by_characters() {
        let one = "尊敬的张先生，您的邮箱容量即将达到上限，新邮件将被退回。请在本周内点击下面的页面确认您是该账户的所有者，以便继续接收邮件。";
        assert!(shared(one, &one.replace("张先生", "李女士")) >= 2);
    }
}
