//! What a client's description of itself says: program, system, kind of device.
//!
//! Clients say what they like; this tells usual clients apart and is no proof of anything.

/// A description taken apart. Empty where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agent {
    /// Program, such as `Firefox`.
    pub program: String,
    /// Its main version, such as `140`.
    pub version: String,
    /// Operating system, such as `Windows`.
    pub system: String,
    /// Kind of device.
    pub kind: &'static str,
}

/// Marks of browsers, the more special first: most claim to be several others too.
const BROWSERS: &[(&str, &str)] = &[
    ("MicroMessenger/", "WeChat"),
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex"),
    ("QQBrowser/", "QQ Browser"),
    ("UCBrowser/", "UC Browser"),
    ("HeadlessChrome/", "Headless Chrome"),
    ("Thunderbird/", "Thunderbird"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

impl Agent {
    /// Takes `text` apart.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let system = SYSTEMS.iter().find(|(mark, _)| text.contains(mark)).map_or("", |(_, name)| name);
        let (program, version) = browser(text).unwrap_or_else(|| first_product(text));
        Self { program, version, system: system.to_owned(), kind: kind(text, system) }
    }
}

fn browser(text: &str) -> Option<(String, String)> {
    // "Version/" names Safari only beside its engine; mail programs use the word for themselves.
    let (mark, name) =
        BROWSERS.iter().find(|(mark, name)| text.contains(mark) && (*name != "Safari" || is_safari(text)))?;
    let rest = text.split_once(mark).map_or("", |(_, rest)| rest);
    Some(((*name).to_owned(), main_version(rest)))
}

fn is_safari(text: &str) -> bool {
    text.contains("Safari/")
}

/// The first `Name/1.2` or `Name 1.2` of a description, as mail programs give in the IMAP ID.
fn first_product(text: &str) -> (String, String) {
    let mut words = text.split([' ', ';', '(']).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or("");
    match first.split_once('/') {
        Some((name, version)) => (name.to_owned(), main_version(version)),
        None => (first.to_owned(), words.map(main_version).find(|version| !version.is_empty()).unwrap_or_default()),
    }
}

fn main_version(text: &str) -> String {
    text.chars().take_while(char::is_ascii_digit).collect()
}

fn kind(text: &str, system: &str) -> &'static str {
    let has = |mark| text.contains(mark);
    if has("bot") || has("Headless") || has("curl/") || has("python") {
        "bot"
    } else if has("iPad") || has("Tablet") || (system == "Android" && !has("Mobile")) {
        "tablet"
    } else if has("Mobile") || has("iPhone") || system == "Android" {
        "mobile"
    } else if system.is_empty() {
        "unknown"
    } else {
        "desktop"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_clients_are_told_apart() {
        let read = |text: &str| {
            let Agent { program, version, system, kind } = Agent::read(text);
            format!("{program} {version}, {system}, {kind}")
        };
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
        assert_eq!(read(chrome), "Chrome 142, Windows, desktop");
        assert_eq!(read(&format!("{chrome} Edg/142.0.3595.65")), "Edge 142, Windows, desktop");
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1";
        assert_eq!(read(safari), "Safari 18, iOS, mobile");
        assert_eq!(
            read("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
            "Firefox 145, Linux, desktop"
        );
        assert_eq!(read("Thunderbird/140.4.0"), "Thunderbird 140, , unknown");
        assert_eq!(read("Foxmail 7.2"), "Foxmail 7, , unknown");
        assert_eq!(read(""), " , , unknown");
    }
}
