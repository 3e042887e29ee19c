//! A world of countries, operators and addresses. Made up; only its proportions are meant to be as usual: few large operators and
//! many small ones, mobile networks that share addresses among thousands, attacks from hosting companies and infected homes.

use crate::chance::Chance;

/// Countries, the one with most accounts first, and their minutes east of UTC.
const COUNTRIES: [(&str, i64); 40] = [
    ("CN", 480),
    ("US", -300),
    ("DE", 60),
    ("HK", 480),
    ("VN", 420),
    ("BR", -180),
    ("TR", 180),
    ("IN", 330),
    ("GB", 0),
    ("RU", 180),
    ("ES", 60),
    ("FR", 60),
    ("AE", 240),
    ("JP", 540),
    ("KR", 540),
    ("SG", 480),
    ("MX", -360),
    ("IT", 60),
    ("NL", 60),
    ("PL", 60),
    ("ZA", 120),
    ("EG", 120),
    ("NG", 60),
    ("TH", 420),
    ("ID", 420),
    ("MY", 480),
    ("PK", 300),
    ("BD", 360),
    ("AU", 600),
    ("CA", -300),
    ("AR", -180),
    ("CL", -240),
    ("CO", -300),
    ("SA", 180),
    ("IL", 120),
    ("UA", 120),
    ("RO", 120),
    ("CZ", 60),
    ("SE", 60),
    ("NO", 60),
];

pub(crate) struct World {
    pub(crate) countries: Vec<Land>,
    /// Companies that rent machines: VPN exits and attackers.
    pub(crate) hosting: Vec<Operator>,
}

pub(crate) struct Land {
    pub(crate) offset_minutes: i64,
    pub(crate) homes: Vec<Operator>,
    pub(crate) mobiles: Vec<Operator>,
    /// Milliseconds to the server.
    pub(crate) rtt: f64,
}

#[derive(Clone)]
pub(crate) struct Operator {
    pub(crate) asn: u32,
    pub(crate) country: &'static str,
    pub(crate) land: usize,
    first_block: u32,
    blocks: u32,
}

impl Operator {
    /// Some address of this operator.
    pub(crate) fn address(&self, chance: &mut Chance) -> String {
        let block = self.first_block + chance.below(self.blocks as usize) as u32;
        let bits = (11_u32 << 24) + (block << 8) + 1 + chance.below(254) as u32;
        std::net::Ipv4Addr::from_bits(bits).to_string()
    }
}

impl World {
    pub(crate) fn new(chance: &mut Chance) -> Self {
        let (mut next_block, mut next_asn) = (0_u32, 1_000_u32);
        let mut operator = |land: usize, blocks: u32| {
            let made = Operator { asn: next_asn, country: COUNTRIES[land].0, land, first_block: next_block, blocks };
            next_block += blocks;
            next_asn += 7;
            made
        };
        let mut countries = Vec::new();
        for (land, (_, offset_minutes)) in COUNTRIES.into_iter().enumerate() {
            let operators = (80 / (land + 1)).max(6);
            let homes = (1..=operators).map(|place| operator(land, (1_200 / place as u32).max(4))).collect();
            let mobiles = (1..=3).map(|place| operator(land, 300 / place)).collect();
            let rtt = 15.0 + chance.unit() * 250.0;
            countries.push(Land { offset_minutes, homes, mobiles, rtt });
        }
        let hosting = (0..40).map(|_| operator(chance.zipf(COUNTRIES.len(), 0.8), 30)).collect();
        Self { countries, hosting }
    }

    /// A country by how many accounts are there.
    pub(crate) fn country(&self, chance: &mut Chance) -> usize {
        chance.zipf(self.countries.len(), 1.4)
    }
}

impl Land {
    /// An operator of homes and offices; few have most customers.
    pub(crate) fn home(&self, chance: &mut Chance) -> Operator {
        self.homes[chance.zipf(self.homes.len(), 1.1)].clone()
    }

    pub(crate) fn mobile(&self, chance: &mut Chance) -> Operator {
        self.mobiles[chance.zipf(self.mobiles.len(), 0.8)].clone()
    }
}

/// A program on a system, as its description and as the columns of the data set name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) browser: &'static str,
    pub(crate) system: &'static str,
}

const DESKTOPS: [(Program, f64); 8] = [
    (Program { browser: "Chrome", system: "Windows" }, 0.46),
    (Program { browser: "Edge", system: "Windows" }, 0.24),
    (Program { browser: "Safari", system: "macOS" }, 0.09),
    (Program { browser: "Chrome", system: "macOS" }, 0.09),
    (Program { browser: "Firefox", system: "Windows" }, 0.07),
    (Program { browser: "Firefox", system: "Linux" }, 0.02),
    (Program { browser: "Chrome", system: "Linux" }, 0.02),
    (Program { browser: "Opera", system: "Windows" }, 0.01),
];

const TELEPHONES: [(Program, f64); 3] = [
    (Program { browser: "Chrome", system: "Android" }, 0.55),
    (Program { browser: "Safari", system: "iOS" }, 0.37),
    (Program { browser: "Samsung Internet", system: "Android" }, 0.08),
];

pub(crate) fn desktop(chance: &mut Chance) -> Program {
    weighted(&DESKTOPS, chance)
}

pub(crate) fn telephone(chance: &mut Chance) -> Program {
    weighted(&TELEPHONES, chance)
}

fn weighted(of: &[(Program, f64)], chance: &mut Chance) -> Program {
    let mut rest = chance.unit();
    let found = of.iter().find(|(_, weight)| {
        rest -= weight;
        rest <= 0.0
    });
    found.unwrap_or(&of[0]).0.clone()
}

/// Description, browser and system with their versions on a day. Browsers come out every four weeks, Safari with its system.
pub(crate) fn describe(program: &Program, day: f64) -> (String, String, String) {
    let Program { browser, system } = program;
    let release = (day.max(0.0) / 28.0) as u32;
    let chromium = 120 + release;
    let apple = format!("{}.{}", 17 + (day / 365.0) as u32, ((day.max(0.0) % 365.0) / 60.0) as u32);
    let platform = match *system {
        "Windows" => "Windows NT 10.0; Win64; x64".to_owned(),
        "macOS" => "Macintosh; Intel Mac OS X 10_15_7".to_owned(),
        "Linux" => "X11; Linux x86_64".to_owned(),
        "Android" => "Linux; Android 10; K".to_owned(),
        _ => format!("iPhone; CPU iPhone OS {} like Mac OS X", apple.replace('.', "_")),
    };
    let webkit = format!("Mozilla/5.0 ({platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chromium}.0.0.0");
    let mobile = if *system == "Android" { " Mobile" } else { "" };
    let (agent, version) = match *browser {
        "Chrome" => (format!("{webkit}{mobile} Safari/537.36"), format!("Chrome {chromium}")),
        "Edge" => (format!("{webkit} Safari/537.36 Edg/{chromium}.0.0.0"), format!("Edge {chromium}")),
        "Opera" => (format!("{webkit} Safari/537.36 OPR/{}.0.0.0", chromium - 14), format!("Opera {}", chromium - 14)),
        "Samsung Internet" => (
            format!("{webkit} Mobile Safari/537.36 SamsungBrowser/{}.0", 24 + release / 3),
            format!("Samsung Internet {}", 24 + release / 3),
        ),
        "Firefox" => (
            format!("Mozilla/5.0 ({platform}; rv:{0}.0) Gecko/20100101 Firefox/{0}.0", chromium + 2),
            format!("Firefox {}", chromium + 2),
        ),
        _ => (
            format!(
                "Mozilla/5.0 ({platform}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{apple}{} Safari/604.1",
                if *system == "iOS" { " Mobile/15E148" } else { "" }
            ),
            format!("Safari {apple}"),
        ),
    };
    let system = match *system {
        "iOS" => format!("iOS {apple}"),
        other => other.to_owned(),
    };
    (agent, version, system)
}
