//! Texts for people of the signals.

/// Key, English, Chinese.
const TEXTS: &[(&str, &str, &str)] = &[
    (
        "finding-lookalike-partner-looks-same",
        "The domain looks like that of a partner and is another one: {evidence}",
        "域名看起来与合作伙伴的域名相同，但不是同一个：{evidence}",
    ),
    (
        "finding-lookalike-partner-misspelt",
        "The domain is that of a partner with letters swapped, doubled, left out or replaced: {evidence}",
        "域名与合作伙伴的域名只差个别字母（调换、重复、遗漏或替换）：{evidence}",
    ),
    (
        "finding-lookalike-partner-hyphen",
        "The domain differs from that of a partner only by hyphens: {evidence}",
        "域名与合作伙伴的域名只差连字符：{evidence}",
    ),
    (
        "finding-lookalike-partner-suffix",
        "The domain has the name of a partner's under another suffix: {evidence}",
        "域名与合作伙伴同名，但后缀不同：{evidence}",
    ),
    (
        "finding-lookalike-partner-word",
        "The domain is that of a partner with a word added, left out or replaced: {evidence}",
        "域名在合作伙伴的域名上增加、去掉或替换了一个词：{evidence}",
    ),
    (
        "finding-lookalike-partner-below",
        "The domain of a partner stands in front of a domain that is not its own: {evidence}",
        "合作伙伴的域名只是另一个域名的前缀：{evidence}",
    ),
    (
        "finding-lookalike-own-looks-same",
        "The domain looks like ours and is another one: {evidence}",
        "域名看起来与本公司域名相同，但不是同一个：{evidence}",
    ),
    (
        "finding-lookalike-own-misspelt",
        "The domain is ours with letters swapped, doubled, left out or replaced: {evidence}",
        "域名与本公司域名只差个别字母（调换、重复、遗漏或替换）：{evidence}",
    ),
    (
        "finding-lookalike-own-hyphen",
        "The domain differs from ours only by hyphens: {evidence}",
        "域名与本公司域名只差连字符：{evidence}",
    ),
    (
        "finding-lookalike-own-suffix",
        "The domain has our name under another suffix: {evidence}",
        "域名与本公司同名，但后缀不同：{evidence}",
    ),
    (
        "finding-lookalike-own-word",
        "The domain is ours with a word added, left out or replaced: {evidence}",
        "域名在本公司域名上增加、去掉或替换了一个词：{evidence}",
    ),
    (
        "finding-lookalike-own-below",
        "Our domain stands in front of a domain that is not ours: {evidence}",
        "本公司域名只是另一个域名的前缀：{evidence}",
    ),
    (
        "finding-lookalike-copied",
        "Answers or copies would go to a domain that looks like a known one: {evidence}",
        "回复或抄送将发往与已知域名相似的域名：{evidence}",
    ),
    (
        "finding-own-domain-forged",
        "Says to come from us, and came from outside without our word: {evidence}",
        "自称来自本公司，却从外部发来且未通过本公司域名认证：{evidence}",
    ),
    (
        "finding-own-name-outside",
        "The author bears the name of one of us and writes from an address outside: {evidence}",
        "发件人使用本公司人员的姓名，却从外部地址发信：{evidence}",
    ),
    (
        "finding-partner-name-elsewhere",
        "The author bears the name of a partner's person and writes from another address: {evidence}",
        "发件人使用合作伙伴联系人的姓名，却从另一个地址发信：{evidence}",
    ),
    (
        "finding-name-shows-address",
        "The name that is shown is an address, and not the author's: {evidence}",
        "显示名是一个邮箱地址，但不是发件人的地址：{evidence}",
    ),
    (
        "finding-answers-elsewhere",
        "Answers go to a domain that was never seen with this sender: {evidence}",
        "回复会发往从未与该发件人一起出现过的域名：{evidence}",
    ),
    (
        "finding-answers-to-free-mailbox",
        "Answers to a company go to a free mailbox that was never seen with it: {evidence}",
        "发件人是公司，回复却会发往从未见过的免费邮箱：{evidence}",
    ),
    (
        "finding-outsider-in-thread",
        "Somebody unknown writes in a correspondence that others have led: {evidence}",
        "陌生人介入了他人之间的往来邮件：{evidence}",
    ),
    (
        "finding-quote-altered",
        "Numbers in the quoted letter are not those of the letter that was sent: {evidence}",
        "引用的原文中，数字与当时的邮件不一致：{evidence}",
    ),
    (
        "finding-habits-changed",
        "A known sender writes otherwise than ever before (program, way, time zone or language): {evidence}",
        "熟悉的发件人与以往不同（邮件程序、路径、时区或语言）：{evidence}",
    ),
    (
        "finding-not-vouched-for",
        "This domain always vouched for its sender, and does not for this letter: {evidence}",
        "该域名一向为发件人提供认证，这封邮件却没有：{evidence}",
    ),
    (
        "finding-asks-other-account",
        "Says that money shall go to another account than before: {evidence}",
        "要求把款项汇到与以往不同的账户：{evidence}",
    ),
    (
        "finding-tells-other-account",
        "Tells people outside that our own account is another one: {evidence}",
        "告知外部人员本公司的收款账户已变更：{evidence}",
    ),
    (
        "finding-asks-other-payee",
        "Money shall go to somebody else than whom it is owed: {evidence}",
        "要求把款项付给债权人以外的人：{evidence}",
    ),
    (
        "finding-presses",
        "Presses: in haste, in secrecy or without the telephone: {evidence}",
        "施加压力（紧急、保密或拒绝电话联系）：{evidence}",
    ),
    (
        "finding-chief-asks",
        "In the name of one of us, somebody outside asks for money, secrecy or a favour: {evidence}",
        "外部人员以本公司人员的名义要求付款、保密或帮忙：{evidence}",
    ),
    (
        "finding-favour-asked",
        "Asks for a favour with money, in haste or secrecy: {evidence}",
        "以紧急或保密为由请求与款项有关的帮忙：{evidence}",
    ),
    ("finding-asks-gift-cards", "Cards for shops shall be bought: {evidence}", "要求购买礼品卡：{evidence}"),
    ("finding-asks-payroll", "Wages shall go to another account: {evidence}", "要求更改工资账户：{evidence}"),
    (
        "finding-asks-who-owes",
        "Asks for a list of customers or of who owes how much: {evidence}",
        "索要客户名单或应收账款明细：{evidence}",
    ),
    ("finding-asks-coins", "Payment in cryptocurrency is asked for: {evidence}", "要求以加密货币付款：{evidence}"),
    (
        "finding-asks-refund",
        "Says to have paid too much and asks for money back: {evidence}",
        "声称多付了款并要求退还：{evidence}",
    ),
    (
        "finding-asks-advance-fee",
        "A fee shall be paid before much money comes: {evidence}",
        "要求先付费用才能得到大笔款项：{evidence}",
    ),
    (
        "finding-asks-parcel-fee",
        "A fee is asked for a parcel that is held: {evidence}",
        "以包裹被扣为由要求付费：{evidence}",
    ),
    (
        "finding-order-too-good",
        "A stranger wants to order much and asks for the next step already: {evidence}",
        "陌生人声称大量订购，并已要求下一步（链接、货代或赊账）：{evidence}",
    ),
    (
        "finding-invoice-of-stranger",
        "Somebody who never wrote before asks to be paid into an account: {evidence}",
        "从未往来过的人要求向某账户付款：{evidence}",
    ),
    ("finding-first-contact", "The first letter from this address: {evidence}", "来自该地址的第一封邮件：{evidence}"),
    (
        "finding-account-taken-over",
        "Somebody else may be at work in this account: {evidence}",
        "可能有他人在操作该账户：{evidence}",
    ),
    (
        "finding-known-sender",
        "Letters have gone both ways with this proven address for some time: {evidence}",
        "与该地址往来已久，且发件人身份已核实：{evidence}",
    ),
    (
        "finding-known-company",
        "Letters have gone both ways with the company of this proven address: {evidence}",
        "与该地址所属公司有往来，且发件人身份已核实：{evidence}",
    ),
    ("finding-own-sender", "One of our own people wrote it: {evidence}", "由本公司人员发出：{evidence}"),
];

/// The text of a signal's finding, in Chinese or else in English.
pub(crate) fn text(key: &str, language: &str) -> Option<&'static str> {
    let (_, english, chinese) = TEXTS.iter().find(|(known, ..)| *known == key)?;
    Some(if language.starts_with("zh") { chinese } else { english })
}
