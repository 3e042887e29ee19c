//! What a name looks like at a glance.

use unicode_security::skeleton;

/// Pairs of letters that read as one.
const PAIRS: [(&str, &str); 3] = [("vv", "w"), ("cl", "d"), ("rn", "m")];

/// The letters of `name`, each by the one that it looks like.
pub(crate) fn letters(name: &str) -> String {
    let mut letters = String::with_capacity(name.len());
    let mut octets = [0; 4];
    for c in name.chars() {
        if c.is_ascii() {
            letters.push(plain(c.to_ascii_lowercase()));
        } else {
            let alike = skeleton(c.encode_utf8(&mut octets)).flat_map(char::to_lowercase);
            letters.extend(alike.filter(|c| !is_mark(*c)).map(plain));
        }
    }
    letters
}

/// The shape of `name`: names of one shape are taken for one another.
pub(crate) fn of(name: &str) -> String {
    let mut shape = letters(name);
    for (pair, one) in PAIRS {
        if shape.contains(pair) {
            shape = shape.replace(pair, one);
        }
    }
    shape
}

const fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036f}' | '\u{0483}'..='\u{0489}')
}

/// Letters that UTS 39 tells apart and eyes do not, lowercase.
const fn plain(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | 'i' | 'ı' | '|' | 'ӏ' => 'l',
        '5' => 's',
        '3' => 'e',
        '8' => 'b',
        '2' => 'z',
        '9' => 'g',
        'ĸ' | 'к' => 'k',
        'м' => 'm',
        'т' | 'τ' => 't',
        'н' | 'һ' => 'h',
        'в' => 'b',
        'п' => 'n',
        'и' => 'u',
        'г' => 'r',
        _ => c,
    }
}
