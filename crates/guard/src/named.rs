//! Domains that a letter names: how a partner tells that it writes from another one from now on.

use filter::facts::registered_domain;
use filter::is_free_mail;

/// Domains of one letter.
const NAMED_MAX: usize = 4;

/// Words of a letter that are looked at.
const WORDS_MAX: usize = 4000;

/// Registered domains that `text` names, by themselves or in an address; services of free mail are nobody's.
#[must_use]
pub(crate) fn domains(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    // Scripts that part no words write a particle on to the name.
    let ends = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '@' | '_' | '+'));
    for word in text.split(ends).filter(|word| word.contains('.')).take(WORDS_MAX) {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let host = word.rsplit_once('@').map_or(word.as_str(), |(_, host)| host);
        if !is_host(host) {
            continue;
        }
        let domain = registered_domain(host);
        if domain.contains('.') && !is_free_mail(&domain) && !found.contains(&domain) {
            found.push(domain);
            if found.len() >= NAMED_MAX {
                break;
            }
        }
    }
    found
}

fn is_host(word: &str) -> bool {
    let labels: Vec<&str> = word.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    };
    labels.len() >= 2
        && labels.iter().all(is_label)
        && labels.last().is_some_and(|last| last.len() >= 2 && last.bytes().all(|octet| octet.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::domains;

    #[test]
    fn domains_stand_by_themselves_and_in_addresses() {
        let text = "Our addresses end in acme-group.example. Write to <petra@acme-group.example> or kurz@mail.acme.test, not gmail.com; \
                    USD 1.500, e.g. 3.50 每单。新地址：li@hongda.example。 주소는 baekje.example로 끝납니다.";
        assert_eq!(domains(text), ["acme-group.example", "acme.test", "hongda.example", "baekje.example"]);
    }
}
