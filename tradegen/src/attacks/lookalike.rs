//! Domains that look like another.

use super::Attack;
use crate::chance::Chance;

/// Letters and what is taken for them.
const SHAPES: &[(&str, &str)] =
    &[("m", "rn"), ("w", "vv"), ("l", "1"), ("o", "0"), ("d", "cl"), ("i", "l"), ("g", "q"), ("n", "h"), ("u", "v")];

/// Neighbours on the keyboard.
const NEIGHBOURS: &[(char, char)] = &[
    ('a', 's'),
    ('e', 'r'),
    ('i', 'o'),
    ('o', 'p'),
    ('n', 'm'),
    ('t', 'y'),
    ('r', 't'),
    ('s', 'd'),
    ('l', 'k'),
    ('c', 'v'),
    ('d', 'f'),
    ('u', 'i'),
    ('h', 'j'),
    ('b', 'n'),
];

/// Latin letters and those of other scripts or with marks that look the same.
const FOREIGN: &[(char, char)] = &[
    ('a', 'а'),
    ('e', 'е'),
    ('o', 'о'),
    ('p', 'р'),
    ('c', 'с'),
    ('i', 'і'),
    ('x', 'х'),
    ('s', 'ѕ'),
    ('n', 'ņ'),
    ('l', 'ĺ'),
    ('r', 'ŕ'),
    ('d', 'đ'),
];

/// A look-alike of a domain by the way of an attack, in the form for DNS; never the domain itself.
pub(crate) fn of(domain: &str, way: Attack, chance: &mut Chance) -> String {
    let (stem, top) = domain.rsplit_once('.').unwrap_or((domain, "example"));
    let other_top = *chance.pick(&["test", "invalid"]);
    match way {
        Attack::LookalikeHomoglyph => format!("{}.{top}", by_shape(stem, chance)),
        Attack::LookalikeTld => format!("{stem}.{other_top}"),
        Attack::LookalikeWord => {
            let word = *chance.pick(&["group", "trade", "intl", "co", "office", "sales", "global", "billing"]);
            if chance.percent(70) { format!("{stem}-{word}.{top}") } else { format!("{stem}{word}.{top}") }
        }
        Attack::LookalikeSubdomain => {
            let host = *chance.pick(&["mail-portal", "secure-mail", "webdesk", "post-office"]);
            if chance.percent(50) {
                format!("{domain}.{host}.{other_top}")
            } else {
                format!("{stem}.{host}.{other_top}")
            }
        }
        Attack::LookalikeIdn => foreign(stem, chance)
            .and_then(|stem| idna::domain_to_ascii(&format!("{stem}.{top}")).ok())
            .unwrap_or_else(|| format!("{stem}.{other_top}")),
        _ => format!("{}.{top}", by_typing(stem, chance)),
    }
}

/// One letter doubled, left out, swapped or hit beside; or a hyphen more or less.
fn by_typing(stem: &str, chance: &mut Chance) -> String {
    let letters: Vec<char> = stem.chars().collect();
    for _ in 0..50 {
        let mut other = letters.clone();
        let place = 1 + chance.below(letters.len().saturating_sub(2).max(1));
        match chance.below(5) {
            0 => other.insert(place, letters[place.min(letters.len() - 1)]),
            1 => drop(other.remove(place.min(other.len() - 1))),
            2 if place + 1 < other.len() => other.swap(place, place + 1),
            3 => match stem.find('-') {
                Some(hyphen) => drop(other.remove(hyphen)),
                None => other.insert(letters.len() / 2, '-'),
            },
            _ => {
                let place = place.min(other.len() - 1);
                if let Some((_, near)) = NEIGHBOURS.iter().find(|(letter, _)| *letter == other[place]) {
                    other[place] = *near;
                }
            }
        }
        let made: String = other.into_iter().collect();
        if made != stem && !made.starts_with('-') && !made.ends_with('-') {
            return made;
        }
    }
    format!("{stem}s")
}

fn by_shape(stem: &str, chance: &mut Chance) -> String {
    let there: Vec<_> = SHAPES.iter().filter(|(letter, _)| stem.contains(letter)).collect();
    if there.is_empty() {
        return by_typing(stem, chance);
    }
    let (letter, shape) = chance.pick(&there);
    stem.replacen(letter, shape, 1)
}

fn foreign(stem: &str, chance: &mut Chance) -> Option<String> {
    let there: Vec<_> = FOREIGN.iter().filter(|(letter, _)| stem.contains(*letter)).collect();
    if there.is_empty() {
        return None;
    }
    let (letter, other) = chance.pick(&there);
    Some(stem.replacen(*letter, &other.to_string(), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookalike_is_another_domain() {
        let mut chance = Chance::new(3, "lookalikes");
        for way in super::super::ALL.iter().take(6) {
            for domain in ["alder-valves.example", "kestreltools.example", "abc.example", "quarry.example"] {
                let made = of(domain, *way, &mut chance);
                assert_ne!(made, domain, "{way:?}");
                assert!(made.is_ascii() && made.len() < 80, "{made}");
            }
        }
        assert_eq!(of("alder.example", Attack::LookalikeTld, &mut chance).split('.').next(), Some("alder"));
        assert!(of("alder-valves.example", Attack::LookalikeIdn, &mut chance).starts_with("xn--"));
    }
}
