//! Names that thieves borrow, and the domains that are really theirs.

/// A name and how the domains of its owner are called.
pub(crate) struct Brand {
    pub(crate) name: &'static str,
    /// First labels of registered domains that are its own.
    labels: &'static [&'static str],
}

impl Brand {
    /// Whether a registered domain is the owner's.
    pub(crate) fn owns(&self, domain: &str) -> bool {
        let label = domain.split('.').next().unwrap_or_default();
        self.labels.contains(&label)
    }
}

/// The first brand named among `words`, which are parted by spaces.
pub(crate) fn claimed(words: &str) -> Option<&'static Brand> {
    BRANDS.iter().find(|brand| {
        words.match_indices(brand.name).any(|(at, found)| {
            let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let alone = !is_letter(words.get(..at).and_then(|before| before.chars().next_back()))
                && !is_letter(words.get(at + found.len()..).and_then(|after| after.chars().next()));
            alone || !found.is_ascii()
        })
    })
}

const fn brand(name: &'static str, labels: &'static [&'static str]) -> Brand {
    Brand { name, labels }
}

const BRANDS: &[Brand] = &[
    brand("paypal", &["paypal", "paypal-communication", "paypalobjects"]),
    brand(
        "microsoft",
        &[
            "microsoft",
            "microsoftonline",
            "office",
            "live",
            "outlook",
            "azure",
            "windows",
            "msn",
            "sharepoint",
            "microsoft365",
            "msftauth",
            "linkedin",
            "github",
            "hotmail",
        ],
    ),
    brand("office 000", &["microsoft", "office", "office365", "outlook", "microsoftonline"]),
    brand("office365", &["microsoft", "office", "office365", "outlook", "microsoftonline"]),
    brand("onedrive", &["microsoft", "live", "onedrive", "sharepoint", "1drv"]),
    brand("sharepoint", &["microsoft", "sharepoint"]),
    brand("outlook", &["microsoft", "outlook", "live", "office", "hotmail"]),
    brand("apple", &["apple", "icloud", "itunes", "me", "mac"]),
    brand("icloud", &["apple", "icloud", "me"]),
    brand("itunes", &["apple", "itunes"]),
    brand("netflix", &["netflix"]),
    brand("amazon", &["amazon", "amazonaws", "amazonses", "aws", "primevideo"]),
    brand(
        "google",
        &[
            "google",
            "gmail",
            "youtube",
            "googlemail",
            "goo",
            "withgoogle",
            "googleusercontent",
            "googleapis",
            "googlegroups",
            "android",
        ],
    ),
    brand("facebook", &["facebook", "facebookmail", "fb", "meta", "instagram"]),
    brand("instagram", &["instagram", "facebook", "meta"]),
    brand("whatsapp", &["whatsapp", "facebook", "meta"]),
    brand("linkedin", &["linkedin", "lnkd"]),
    brand("twitter", &["twitter", "x", "t"]),
    brand("dhl", &["dhl", "dhl-news", "deutschepost", "dp-dhl"]),
    brand("fedex", &["fedex"]),
    brand("ups", &["ups"]),
    brand("usps", &["usps"]),
    brand("dpd", &["dpd", "dpdgroup"]),
    brand("hermes", &["hermes", "myhermes", "evri"]),
    brand("postnl", &["postnl"]),
    brand("la poste", &["laposte"]),
    brand("colissimo", &["laposte", "colissimo"]),
    brand("chronopost", &["chronopost"]),
    brand("correios", &["correios"]),
    brand("correos", &["correos"]),
    brand("poste italiane", &["poste", "posteitaliane"]),
    brand("royal mail", &["royalmail"]),
    brand("docusign", &["docusign"]),
    brand("dropbox", &["dropbox", "dropboxmail"]),
    brand("wetransfer", &["wetransfer"]),
    brand("adobe", &["adobe", "adobesign", "echosign"]),
    brand("coinbase", &["coinbase"]),
    brand("binance", &["binance"]),
    brand("metamask", &["metamask"]),
    brand("trust wallet", &["trustwallet"]),
    brand("blockchain com", &["blockchain"]),
    brand("kraken", &["kraken"]),
    brand("ledger", &["ledger"]),
    brand("trezor", &["trezor", "satoshilabs"]),
    brand("opensea", &["opensea"]),
    brand("mcafee", &["mcafee"]),
    brand("norton", &["norton", "nortonlifelock", "symantec", "gen"]),
    brand("geek squad", &["geeksquad", "bestbuy"]),
    brand("wells fargo", &["wellsfargo"]),
    brand("bank of america", &["bankofamerica", "bofa"]),
    brand("chase", &["chase", "jpmorgan", "jpmorganchase"]),
    brand("citibank", &["citi", "citibank"]),
    brand("american express", &["americanexpress", "aexp"]),
    brand("amex", &["americanexpress", "aexp"]),
    brand("mastercard", &["mastercard"]),
    brand("hsbc", &["hsbc"]),
    brand("barclays", &["barclays"]),
    brand("lloyds", &["lloydsbank", "lloydsbankinggroup"]),
    brand("natwest", &["natwest"]),
    brand("santander", &["santander"]),
    brand("bradesco", &["bradesco"]),
    brand("itau", &["itau"]),
    brand("nubank", &["nubank"]),
    brand("livelo", &["livelo"]),
    brand("serasa", &["serasa", "serasaexperian"]),
    brand("mercado livre", &["mercadolivre", "mercadolibre"]),
    brand("mercado libre", &["mercadolivre", "mercadolibre"]),
    brand("magazine luiza", &["magazineluiza", "magalu"]),
    brand("bbva", &["bbva"]),
    brand("caixabank", &["caixabank", "lacaixa"]),
    brand("bancolombia", &["bancolombia"]),
    brand("sparkasse", &["sparkasse", "s-finanzgruppe", "dsgv"]),
    brand("volksbank", &["volksbank", "vr", "bvr"]),
    brand("postbank", &["postbank"]),
    brand("commerzbank", &["commerzbank"]),
    brand("deutsche bank", &["deutsche-bank", "db"]),
    brand("comdirect", &["comdirect"]),
    brand("targobank", &["targobank"]),
    brand("consorsbank", &["consorsbank"]),
    brand("ionos", &["ionos", "1und1"]),
    brand("strato", &["strato"]),
    brand("telekom", &["telekom", "t-online"]),
    brand("vodafone", &["vodafone"]),
    brand("ameli", &["ameli", "assurance-maladie"]),
    brand("credit agricole", &["credit-agricole", "ca"]),
    brand("societe generale", &["societegenerale"]),
    brand("bnp paribas", &["bnpparibas"]),
    brand("boursorama", &["boursorama", "boursobank"]),
    brand("intesa sanpaolo", &["intesasanpaolo"]),
    brand("unicredit", &["unicredit"]),
    brand("aruba", &["aruba"]),
    brand("nexi", &["nexi"]),
    brand("rabobank", &["rabobank"]),
    brand("abn amro", &["abnamro"]),
    brand("digid", &["digid"]),
    brand("ebay", &["ebay", "ebaystatic"]),
    brand("walmart", &["walmart"]),
    brand("costco", &["costco"]),
    brand("home depot", &["homedepot"]),
    brand("spotify", &["spotify"]),
    brand("disney", &["disney", "disneyplus"]),
    brand("xfinity", &["xfinity", "comcast"]),
    brand("verizon", &["verizon"]),
    brand("irs", &["irs"]),
    brand("hmrc", &["hmrc", "service"]),
    brand("webmail", &[]),
    brand("zimbra", &["zimbra", "synacor"]),
    brand("roundcube", &["roundcube"]),
    brand("cpanel", &["cpanel"]),
    brand("godaddy", &["godaddy", "secureserver"]),
    brand("alibaba", &["alibaba", "aliyun", "alibaba-inc"]),
    brand("сбербанк", &["sberbank", "sber"]),
    brand("госуслуги", &["gosuslugi"]),
    brand("яндекс", &["yandex", "ya"]),
    brand("支付宝", &["alipay", "alibaba"]),
    brand("微信", &["weixin", "wechat", "qq", "tencent"]),
    brand("工商银行", &["icbc"]),
    brand("建设银行", &["ccb"]),
    brand("招商银行", &["cmbchina"]),
    brand("顺丰", &["sf-express"]),
    brand("アマゾン", &["amazon"]),
    brand("楽天", &["rakuten"]),
    brand("三井住友", &["smbc", "smbc-card"]),
    brand("三菱ufj", &["mufg"]),
    brand("ヤマト運輸", &["kuronekoyamato"]),
    brand("佐川急便", &["sagawa-exp"]),
    brand("paypay", &["paypay"]),
    brand("네이버", &["naver", "navercorp"]),
    brand("카카오", &["kakao", "kakaocorp", "daum"]),
    brand("ziraat", &["ziraatbank"]),
    brand("vietcombank", &["vietcombank"]),
    brand("techcombank", &["techcombank"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brands_are_whole_words_and_own_their_domains() {
        let brand = claimed(" your paypal account ").unwrap();
        assert!(brand.owns("paypal.com") && brand.owns("paypal.de") && !brand.owns("paypal-secure.example"));
        assert!(claimed(" pineapple groups ").is_none());
        assert_eq!(claimed("微信支付").unwrap().name, "微信");
    }
}
