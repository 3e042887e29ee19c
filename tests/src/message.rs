use crate::Chance;

/// Words of trade letters; bodies are made of them.
const WORDS: [&str; 64] = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "for",
    "we",
    "your",
    "order",
    "invoice",
    "shipment",
    "container",
    "port",
    "vessel",
    "bill",
    "lading",
    "please",
    "confirm",
    "payment",
    "terms",
    "price",
    "quotation",
    "steel",
    "valve",
    "quantity",
    "pieces",
    "delivery",
    "week",
    "sample",
    "quality",
    "inspection",
    "certificate",
    "origin",
    "customs",
    "letter",
    "credit",
    "bank",
    "account",
    "attached",
    "regards",
    "meeting",
    "factory",
    "supplier",
    "buyer",
    "contract",
    "signed",
    "draft",
    "revised",
    "packing",
    "list",
    "weight",
    "gross",
    "net",
    "carton",
    "pallet",
    "schedule",
    "departure",
    "arrival",
    "insurance",
    "freight",
    "discount",
    "urgent",
    "reply",
    "thank",
];
/// Longest line of a body, in bytes.
const LINE_BYTES: usize = 72;

/// A letter as it would come from a partner's mail program, with CRLF line ends.
pub struct Letter<'a> {
    /// Address in `From`.
    pub from: &'a str,
    /// Address in `To`.
    pub to: &'a str,
    /// Identifier, without angle brackets; unique among all messages of a run.
    pub id: &'a str,
    /// Size of the whole message in bytes, at least that of the header.
    pub size_bytes: usize,
}

impl Letter<'_> {
    /// The bytes of the message. `chance` chooses the words.
    #[must_use]
    pub fn build(&self, chance: &mut Chance) -> Vec<u8> {
        let Self { from, to, id, size_bytes } = *self;
        let subject = words(chance, 40);
        let mut message = format!(
            "Received: from mail.partner.example (mail.partner.example [192.0.2.25])\r\n\
             \tby relay.partner.example with ESMTPS id {id}\r\n\
             \tfor <{to}>; Tue, 24 Nov 2026 09:30:00 +0000\r\n\
             Date: Tue, 24 Nov 2026 09:30:00 +0000\r\n\
             From: \"Partner Sales\" <{from}>\r\n\
             To: \"Trade Desk\" <{to}>\r\n\
             Subject: {subject}\r\n\
             Message-ID: <{id}>\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 7bit\r\n\
             User-Agent: Partner Mail 4.2\r\n\
             \r\n"
        )
        .into_bytes();
        while message.len() + 2 < size_bytes {
            let room = size_bytes - message.len() - 2;
            message.extend_from_slice(words(chance, room.min(LINE_BYTES)).as_bytes());
            message.extend_from_slice(b"\r\n");
        }
        message
    }
}

/// Words with spaces between them, exactly `bytes` long.
#[must_use]
pub fn words(chance: &mut Chance, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(chance.pick(&WORDS).copied().unwrap_or_default());
    }
    text.truncate(bytes);
    if text.ends_with(' ') {
        text.pop();
        text.push('.');
    }
    text
}

/// The value of the first `Message-ID` in `header`, without angle brackets.
#[must_use]
pub fn message_id(header: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(header);
    let line = text.lines().find(|line| line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case("message-id:")))?;
    let (_, rest) = line.split_once('<')?;
    Some(rest.split_once('>')?.0.to_owned())
}

/// A message of one part with its base64 body as text, after the header.
pub fn decoded(message: &str) -> String {
    let (header, body) = message.split_once("\r\n\r\n").unwrap_or((message, ""));
    let mut bits: Vec<u8> = Vec::new();
    let (mut held, mut count) = (0_u32, 0);
    for letter in body.bytes().take_while(|letter| *letter != b')') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        held = (held << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bits.push((held >> count) as u8);
        }
    }
    format!("{header}\n{}", String::from_utf8_lossy(&bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_the_size_asked_for() {
        let letter =
            Letter { from: "a@partner.example", to: "sales@trade.test", id: "1.2@partner.example", size_bytes: 10_240 };
        let bytes = letter.build(&mut Chance::seeded(7));
        assert!((10_238..=10_240).contains(&bytes.len()), "{}", bytes.len());
        assert_eq!(message_id(&bytes).as_deref(), Some("1.2@partner.example"));
        assert!(bytes.split(|&byte| byte == b'\n').all(|line| line.len() < 200 && !line.starts_with(b".")));
    }
}
