//! Countries that domains and telephone numbers speak of.

/// Country domains that are sold to everybody and say nothing.
const SOLD: [&str; 12] = ["co", "io", "ai", "me", "tv", "cc", "ws", "to", "so", "gg", "la", "fm"];

/// Calling codes of countries that trade much, longest first.
const CALLING: [(&str, &str); 58] = [
    ("852", "HK"),
    ("853", "MO"),
    ("886", "TW"),
    ("971", "AE"),
    ("966", "SA"),
    ("972", "IL"),
    ("974", "QA"),
    ("965", "KW"),
    ("880", "BD"),
    ("855", "KH"),
    ("254", "KE"),
    ("234", "NG"),
    ("233", "GH"),
    ("212", "MA"),
    ("213", "DZ"),
    ("216", "TN"),
    ("351", "PT"),
    ("353", "IE"),
    ("358", "FI"),
    ("359", "BG"),
    ("370", "LT"),
    ("371", "LV"),
    ("372", "EE"),
    ("380", "UA"),
    ("385", "HR"),
    ("386", "SI"),
    ("420", "CZ"),
    ("421", "SK"),
    ("357", "CY"),
    ("593", "EC"),
    ("86", "CN"),
    ("81", "JP"),
    ("82", "KR"),
    ("84", "VN"),
    ("90", "TR"),
    ("91", "IN"),
    ("92", "PK"),
    ("94", "LK"),
    ("60", "MY"),
    ("61", "AU"),
    ("62", "ID"),
    ("63", "PH"),
    ("64", "NZ"),
    ("65", "SG"),
    ("66", "TH"),
    ("49", "DE"),
    ("44", "GB"),
    ("33", "FR"),
    ("34", "ES"),
    ("39", "IT"),
    ("31", "NL"),
    ("32", "BE"),
    ("41", "CH"),
    ("43", "AT"),
    ("48", "PL"),
    ("55", "BR"),
    ("52", "MX"),
    ("7", "RU"),
];

/// Words before a telephone number.
const LABELS: [&str; 26] = [
    "tel",
    "phone",
    "mobile",
    "mob",
    "cell",
    "whatsapp",
    "call",
    "telefon",
    "téléphone",
    "tél",
    "teléfono",
    "móvil",
    "telefone",
    "celular",
    "cellulare",
    "телефон",
    "тел",
    "هاتف",
    "电话",
    "手机",
    "電話",
    "携帯",
    "전화",
    "휴대폰",
    "điện thoại",
    "gsm",
];

/// Telephone numbers of one text that are read.
const PHONES_MAX: usize = 4;

/// The country that a host's last label names, by ISO 3166-1.
#[must_use]
pub fn of_host(host: &str) -> Option<String> {
    let last = host.rsplit('.').next()?;
    if last.len() != 2 || SOLD.contains(&last) || !last.bytes().all(|octet| octet.is_ascii_lowercase()) {
        return None;
    }
    Some(if last == "uk" { "GB".to_owned() } else { last.to_uppercase() })
}

/// Telephone numbers behind a word that says so, with their country's code in front.
#[must_use]
pub(crate) fn phones(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in text.lines().take(400) {
        let Some(at) = line.find('+').filter(|_| line.len() < 300) else { continue };
        let lower = line.to_lowercase();
        if !LABELS.iter().any(|label| lower.contains(label)) {
            continue;
        }
        let rest = line.get(at..).unwrap_or_default();
        let number: String = rest
            .chars()
            .take_while(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '.'))
            .filter(|c| c.is_ascii_digit() || *c == '+')
            .collect();
        if (9..=16).contains(&number.len()) && !found.contains(&number) && found.len() < PHONES_MAX {
            found.push(number);
        }
    }
    found
}

/// The country of a telephone number that begins with `+`.
#[must_use]
pub(crate) fn of_phone(number: &str) -> Option<&'static str> {
    let digits = number.strip_prefix('+')?;
    CALLING.iter().find(|(code, _)| digits.starts_with(code)).map(|(_, country)| *country)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_of_hosts_and_numbers() {
        assert_eq!(of_host("acme.co.uk").as_deref(), Some("GB"));
        assert_eq!(of_host("acme.de").as_deref(), Some("DE"));
        assert_eq!((of_host("acme.com"), of_host("acme.io")), (None, None));
        let found = phones("Ann Li\nTel.: +86 (21) 5555-0199 ext. 4\nOrder +49 1\nInvoice +86 21 5555 0100\n");
        assert_eq!(found, ["+862155550199"]);
        assert_eq!(of_phone(&found[0]), Some("CN"));
    }
}
