//! What programs write into a header, and which way mail comes.

use crate::calendar;
use crate::chance::Chance;
use crate::world::Person;

/// A program that writes mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Software {
    Outlook,
    Exchange,
    Gmail,
    Foxmail,
    Thunderbird,
    AppleMail,
    Telephone,
    Roundcube,
    NetEase,
    Tencent,
    Yandex,
    /// A program of the company's own that sends invoices, notices and newsletters.
    Machine,
}

/// How a program shows the letter that is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quoting {
    /// A block of From, Sent, To, Subject, and the letter as it was.
    Header,
    /// "On ... wrote:" and a mark before each line.
    Marked,
    /// As the first, in Chinese and between rules.
    Chinese,
}

impl Software {
    /// What a company of a language uses.
    pub(crate) fn of_company(language: &str, chance: &mut Chance) -> Self {
        let usual: &[Self] = match language {
            "zh" => &[Self::Foxmail, Self::Foxmail, Self::Outlook, Self::Exchange, Self::NetEase],
            "ru" => &[Self::Outlook, Self::Thunderbird, Self::Yandex, Self::Exchange],
            _ => &[
                Self::Outlook,
                Self::Outlook,
                Self::Exchange,
                Self::Gmail,
                Self::Thunderbird,
                Self::AppleMail,
                Self::Roundcube,
            ],
        };
        *chance.pick(usual)
    }

    /// Another one.
    pub(crate) fn other(self, chance: &mut Chance) -> Self {
        let all = [Self::Outlook, Self::Gmail, Self::Foxmail, Self::Thunderbird, Self::AppleMail, Self::Roundcube];
        let others: Vec<Self> = all.into_iter().filter(|other| *other != self).collect();
        *chance.pick(&others)
    }

    /// The field that names the program.
    pub(crate) const fn named(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Outlook => ("X-Mailer", "Microsoft Outlook 16.0"),
            Self::Foxmail => ("X-Mailer", "Foxmail 7.2.25.331[cn]"),
            Self::Thunderbird => ("User-Agent", "Mozilla Thunderbird"),
            Self::AppleMail => ("X-Mailer", "Apple Mail (2.3826.400.131.1.6)"),
            Self::Telephone => ("X-Mailer", "iPhone Mail (22F76)"),
            Self::Roundcube => ("User-Agent", "Roundcube Webmail/1.6.10"),
            Self::NetEase => ("X-Mailer", "Coremail Webmail Server Version XT5.0.14"),
            Self::Tencent => ("X-Mailer", "QQMail 2.x"),
            Self::Yandex => ("X-Mailer", "Yamail [ http://yandex.ru ] 5.0"),
            Self::Machine => ("X-Mailer", "ledger-mail 4.2"),
            Self::Exchange | Self::Gmail => return None,
        })
    }

    /// A Message-ID in the program's form, without angle brackets.
    pub(crate) fn message_id(self, domain: &str, at: i64, chance: &mut Chance) -> String {
        match self {
            Self::Outlook => {
                format!("{}01dc{}${}${}@{domain}", chance.hex(4), chance.hex(4), chance.hex(8), chance.hex(8))
            }
            Self::Exchange => {
                let host = format!("{}PR0{}MB{}", chance.letters(2), chance.digits(1), chance.digits(4));
                format!("{host}{}@{host}.prod.mailcloud.example", chance.hex(26).to_uppercase())
            }
            Self::Gmail => format!("CA+{}_{}@mail.gmail.com", chance.hex(22), chance.hex(20)),
            Self::Foxmail => {
                format!("{}{}@{domain}", calendar::written(at, 480).replace(['-', ' ', ':'], ""), chance.digits(8))
            }
            Self::Thunderbird => format!(
                "{}-{}-4{}-{}-{}@{domain}",
                chance.hex(8),
                chance.hex(4),
                chance.hex(3),
                chance.hex(4),
                chance.hex(12)
            ),
            Self::AppleMail | Self::Telephone => format!(
                "{}-{}-4{}-{}-{}@{domain}",
                chance.hex(8).to_uppercase(),
                chance.hex(4).to_uppercase(),
                chance.hex(3).to_uppercase(),
                chance.hex(4).to_uppercase(),
                chance.hex(12).to_uppercase()
            ),
            Self::Roundcube => format!("{}@{domain}", chance.hex(32)),
            Self::NetEase => {
                format!("{}.{}.{}.Coremail.{}@{domain}", chance.hex(8), chance.hex(4), chance.hex(11), chance.hex(6))
            }
            Self::Tencent => format!("tencent_{}@qq.com", chance.hex(42).to_uppercase()),
            Self::Yandex => format!("{}@mail.yandex.ru", chance.digits(14)),
            Self::Machine => format!("{}.{}@{domain}", at, chance.digits(6)),
        }
    }

    pub(crate) const fn quoting(self) -> Quoting {
        match self {
            Self::Outlook | Self::Exchange => Quoting::Header,
            Self::Foxmail | Self::NetEase | Self::Tencent => Quoting::Chinese,
            _ => Quoting::Marked,
        }
    }

    /// Whether it writes HTML beside the text.
    pub(crate) const fn writes_html(self) -> bool {
        !matches!(self, Self::Thunderbird | Self::Roundcube | Self::Telephone)
    }

    /// The order of its header fields.
    pub(crate) const fn order(self) -> &'static [&'static str] {
        match self {
            Self::Gmail => &[
                "MIME-Version",
                "References",
                "In-Reply-To",
                "Reply-To",
                "Sender",
                "From",
                "Date",
                "Message-ID",
                "Subject",
                "To",
                "Cc",
            ],
            Self::Foxmail | Self::NetEase | Self::Tencent => &[
                "Date",
                "From",
                "Sender",
                "To",
                "Cc",
                "Reply-To",
                "Subject",
                "References",
                "In-Reply-To",
                "X-Mailer",
                "MIME-Version",
                "Message-ID",
            ],
            Self::Thunderbird | Self::Roundcube => &[
                "Message-ID",
                "Date",
                "MIME-Version",
                "User-Agent",
                "Subject",
                "From",
                "Sender",
                "To",
                "Cc",
                "Reply-To",
                "References",
                "In-Reply-To",
            ],
            _ => &[
                "From",
                "Sender",
                "Reply-To",
                "To",
                "Cc",
                "References",
                "In-Reply-To",
                "Subject",
                "Date",
                "Message-ID",
                "MIME-Version",
                "X-Mailer",
            ],
        }
    }
}

/// The way of a letter: the client, and the last host before ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// Name and address of the host that hands the letter over.
    pub(crate) host: String,
    pub(crate) host_ip: String,
    /// Address of the computer on which it was written.
    pub(crate) client_ip: String,
    pub(crate) client_name: String,
}

impl Route {
    pub(crate) fn of_company(domain: &str, chance: &mut Chance) -> Self {
        let host = match chance.below(3) {
            0 => format!("mail.{domain}"),
            1 => format!("smtp{}.{domain}", chance.range(1, 3)),
            _ => format!(
                "out-{}.{}",
                chance.range(10, 40),
                chance.pick(&["mailcloud.example", "posthaus.example", "hostedmail.example"])
            ),
        };
        Self {
            host,
            host_ip: address(chance),
            client_ip: address(chance),
            client_name: format!("pc-{}", chance.hex(6)),
        }
    }

    pub(crate) fn free_mail(person: &Person, chance: &mut Chance) -> Self {
        let provider = person
            .free_address
            .as_deref()
            .and_then(|address| address.split_once('@'))
            .map_or("gmail.com", |(_, host)| host);
        Self::of_provider(provider, chance)
    }

    /// Out of a free provider.
    pub(crate) fn of_provider(provider: &str, chance: &mut Chance) -> Self {
        let host = match provider {
            "gmail.com" => "mail-sor-f41.google.com".to_owned(),
            "163.com" => "m16.mail.163.com".to_owned(),
            "qq.com" => "out203-205-221-15.mail.qq.com".to_owned(),
            "yandex.ru" => "forward501a.mail.yandex.net".to_owned(),
            other => format!("out.{other}"),
        };
        Self {
            host,
            host_ip: address(chance),
            client_ip: address(chance),
            client_name: format!("pc-{}", chance.hex(6)),
        }
    }

    /// The same host, from another computer in another net: somebody travels, or somebody else has the password.
    pub(crate) fn elsewhere(&self, chance: &mut Chance) -> Self {
        Self { client_ip: address(chance), client_name: format!("host-{}", chance.hex(6)), ..self.clone() }
    }
}

/// An address of a net that is kept for tests of devices.
fn address(chance: &mut Chance) -> String {
    format!("198.{}.{}.{}", chance.range(18, 19), chance.range(0, 255), chance.range(1, 254))
}
