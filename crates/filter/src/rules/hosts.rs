//! What the name of a host says without asking anybody.

/// Services that make short addresses for long ones.
const SHORTENERS: &[&str] = &[
    "bit.ly",
    "tinyurl.com",
    "t.co",
    "goo.gl",
    "ow.ly",
    "is.gd",
    "buff.ly",
    "rebrand.ly",
    "cutt.ly",
    "t.ly",
    "rb.gy",
    "shorturl.at",
    "tiny.cc",
    "bl.ink",
    "s.id",
    "v.gd",
    "x.gd",
    "shorter.me",
    "urlz.fr",
    "lnkd.in",
    "adf.ly",
    "soo.gd",
    "qrco.de",
    "tr.ee",
    "linktr.ee",
    "me2.do",
    "dwz.cn",
    "t.cn",
    "suo.im",
    "u.nu",
    "l.ead.me",
    "page.link",
    "short.gy",
    "kutt.it",
    "bitly.com",
    "tny.im",
    "clck.ru",
    "vk.cc",
    "1url.com",
    "shorte.st",
    "hyperurl.co",
    "snip.ly",
    "urlshortener.at",
    "tinyurl.at",
    "n9.cl",
];

/// Places where anybody puts up a page in a minute, at a name of their owner.
const FREE_HOSTS: &[&str] = &[
    "github.io",
    "gitlab.io",
    "netlify.app",
    "vercel.app",
    "web.app",
    "firebaseapp.com",
    "pages.dev",
    "workers.dev",
    "r2.dev",
    "herokuapp.com",
    "glitch.me",
    "repl.co",
    "replit.app",
    "surge.sh",
    "render.com",
    "onrender.com",
    "fly.dev",
    "ngrok.io",
    "ngrok-free.app",
    "weebly.com",
    "wixsite.com",
    "wix.com",
    "godaddysites.com",
    "square.site",
    "webflow.io",
    "framer.app",
    "framer.website",
    "carrd.co",
    "blogspot.com",
    "wordpress.com",
    "tumblr.com",
    "sites.google.com",
    "docs.google.com",
    "forms.gle",
    "forms.office.com",
    "storage.googleapis.com",
    "firebasestorage.googleapis.com",
    "script.google.com",
    "appspot.com",
    "run.app",
    "cloudfront.net",
    "amazonaws.com",
    "azurewebsites.net",
    "azureedge.net",
    "windows.net",
    "core.windows.net",
    "cloudapp.azure.com",
    "sharepoint.com",
    "backblazeb2.com",
    "digitaloceanspaces.com",
    "ipfs.io",
    "dweb.link",
    "cf-ipfs.com",
    "ipfs.dweb.link",
    "000webhostapp.com",
    "000webhost.com",
    "byethost.com",
    "infinityfreeapp.com",
    "rf.gd",
    "epizy.com",
    "duckdns.org",
    "no-ip.org",
    "ddns.net",
    "dynv6.net",
    "hopto.org",
    "zapto.org",
    "sytes.net",
    "myftp.org",
    "translate.goog",
    "typeform.com",
    "jotform.com",
    "notion.site",
    "canva.com",
    "strikingly.com",
    "yolasite.com",
    "jimdosite.com",
    "mystrikingly.com",
    "ukit.me",
    "ucoz.net",
    "geocities.com",
    "tripod.com",
    "angelfire.com",
    "freewebs.com",
    "t.me",
    "wa.me",
    "telegra.ph",
    "bit.do",
    "myshopify.com",
    "softr.app",
    "bubbleapps.io",
    "plesk.page",
    "cpanel.site",
    "lovestoblog.com",
    "linodeobjects.com",
    "oraclecloud.com",
    "myqcloud.com",
    "aliyuncs.com",
    "hubspotpagebuilder.com",
    "sendgrid.net",
    "ct.sendgrid.net",
];

/// Suffixes under which names cost next to nothing, and which business hardly uses.
const CHEAP_SUFFIXES: &[&str] = &[
    "xyz",
    "top",
    "click",
    "icu",
    "buzz",
    "gq",
    "ml",
    "cf",
    "ga",
    "tk",
    "work",
    "rest",
    "cam",
    "surf",
    "monster",
    "quest",
    "cyou",
    "sbs",
    "bond",
    "cfd",
    "fun",
    "site",
    "online",
    "space",
    "website",
    "live",
    "club",
    "shop",
    "vip",
    "win",
    "bid",
    "loan",
    "date",
    "review",
    "stream",
    "trade",
    "racing",
    "download",
    "men",
    "party",
    "science",
    "accountant",
    "cricket",
    "faith",
    "biz",
    "info",
    "pw",
    "cc",
    "ws",
    "su",
    "lol",
    "zip",
    "mov",
    "today",
    "best",
    "host",
    "press",
    "store",
    "support",
    "life",
    "one",
    "email",
];

/// Services where anybody gets a mailbox.
const FREE_MAIL: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "outlook.com",
    "live.com",
    "msn.com",
    "yahoo.com",
    "ymail.com",
    "rocketmail.com",
    "aol.com",
    "aim.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "gmx.com",
    "gmx.net",
    "gmx.de",
    "web.de",
    "t-online.de",
    "freenet.de",
    "mail.com",
    "email.com",
    "mail.ru",
    "bk.ru",
    "inbox.ru",
    "list.ru",
    "yandex.ru",
    "yandex.com",
    "rambler.ru",
    "qq.com",
    "163.com",
    "126.com",
    "sina.com",
    "sohu.com",
    "foxmail.com",
    "aliyun.com",
    "139.com",
    "yeah.net",
    "naver.com",
    "daum.net",
    "hanmail.net",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.fr",
    "yahoo.de",
    "yahoo.com.br",
    "yahoo.co.in",
    "hotmail.co.uk",
    "hotmail.fr",
    "orange.fr",
    "wanadoo.fr",
    "free.fr",
    "laposte.net",
    "sfr.fr",
    "libero.it",
    "virgilio.it",
    "tiscali.it",
    "alice.it",
    "uol.com.br",
    "bol.com.br",
    "terra.com.br",
    "proton.me",
    "protonmail.com",
    "pm.me",
    "tutanota.com",
    "zoho.com",
    "rediffmail.com",
    "seznam.cz",
    "wp.pl",
    "o2.pl",
    "onet.pl",
    "interia.pl",
    "ukr.net",
    "abv.bg",
    "hushmail.com",
    "excite.com",
    "lycos.com",
    "netscape.net",
    "juno.com",
    "usa.com",
    "comcast.net",
    "verizon.net",
    "att.net",
    "sbcglobal.net",
    "bellsouth.net",
    "cox.net",
    "earthlink.net",
    "btinternet.com",
];

/// Whether the domain is a service that shortens addresses.
pub(crate) fn is_shortener(domain: &str) -> bool {
    SHORTENERS.contains(&domain)
}

/// Whether the host is a name below a service that gives pages to anybody.
pub(crate) fn is_free_host(host: &str) -> bool {
    FREE_HOSTS.iter().any(|free| is_below(host, free))
}

/// Whether the domain, in lowercase, gives mailboxes to anybody.
#[must_use]
pub fn is_free_mail(domain: &str) -> bool {
    FREE_MAIL.contains(&domain)
}

/// Whether the host stands under a suffix that costs next to nothing.
pub(crate) fn is_cheap_suffix(host: &str) -> bool {
    host.rsplit('.').next().is_some_and(|last| CHEAP_SUFFIXES.contains(&last))
}

fn is_below(host: &str, parent: &str) -> bool {
    host.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether a label of the host was made by a machine.
pub(crate) fn looks_random(host: &str) -> bool {
    host.rsplit('.').skip(1).any(is_jumble)
}

/// Whether letters and digits stand in no order that people make: long runs of consonants, digits between letters.
pub(crate) fn is_jumble(word: &str) -> bool {
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    if word.len() < 7 || word.starts_with("xn--") || letters < 4 {
        return false;
    }
    let (mut run, mut longest, mut changes, mut vowels) = (0_u32, 0_u32, 0_u32, 0_usize);
    let mut was_digit: Option<bool> = None;
    for octet in word.bytes() {
        let octet = octet.to_ascii_lowercase();
        if !octet.is_ascii_alphanumeric() {
            (run, was_digit) = (0, None);
            continue;
        }
        let vowel = matches!(octet, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
        vowels += usize::from(vowel);
        run = if vowel || octet.is_ascii_digit() { 0 } else { run + 1 };
        longest = longest.max(run);
        changes += u32::from(was_digit.is_some_and(|was| was != octet.is_ascii_digit()));
        was_digit = Some(octet.is_ascii_digit());
    }
    longest >= 6 || changes >= 3 || (letters >= 9 && vowels * 6 < letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_are() {
        assert!(
            is_free_host("login-bank.web.app") && !is_free_host("webxapp.example") && is_free_host("sites.google.com")
        );
        assert!(is_cheap_suffix("a.b.xyz") && !is_cheap_suffix("xyz.example"));
        assert!(is_jumble("xkqzrtvbn") && is_jumble("a7f3k9x2") && looks_random("www.qwrtplkj.example"));
        for honest in ["deutschebank", "alibaba", "schwartzkopf", "tradewind", "company2024", "info"] {
            assert!(!is_jumble(honest), "{honest}");
        }
    }
}
