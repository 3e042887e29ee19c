use env::Timestamp;

use super::*;

fn key(uid: u32, subject: &str, id: &str, references: &[&str]) -> OrderKey {
    let base = mail::message::base_subject(subject);
    OrderKey {
        uid,
        date: Timestamp::from_seconds(i64::from(uid)),
        subject: base.text,
        is_reply: base.is_reply_or_forward,
        message_id: (!id.is_empty()).then(|| id.to_owned()),
        references: references.iter().map(|&id| id.to_owned()).collect(),
        ..OrderKey::default()
    }
}

/// Threads in the notation of THREAD responses.
fn shown(keys: &[OrderKey], (nodes, roots): (Vec<ThreadNode>, Vec<usize>)) -> String {
    fn show(keys: &[OrderKey], nodes: &[ThreadNode], at: usize, out: &mut String) {
        let node = &nodes[at];
        if let Some(message) = node.message {
            out.push_str(&keys[message].uid.to_string());
        }
        match node.children.as_slice() {
            [] => {}
            [only] => {
                out.push(' ');
                show(keys, nodes, *only, out);
            }
            many => {
                out.push_str(if node.message.is_some() { " " } else { "" });
                for child in many {
                    out.push('(');
                    show(keys, nodes, *child, out);
                    out.push(')');
                }
            }
        }
    }
    let mut out = String::new();
    for root in roots {
        out.push('(');
        show(keys, &nodes, root, &mut out);
        out.push(')');
    }
    out
}

fn references(keys: &[OrderKey]) -> String {
    shown(keys, by_references(keys))
}

#[test]
fn answers_stand_below_what_they_answer() {
    let keys = [
        key(1, "Offer", "a", &[]),
        key(2, "Re: Offer", "b", &["a"]),
        key(3, "Re: Offer", "c", &["a"]),
        key(4, "Re: Offer", "d", &["a", "b"]),
        key(5, "Order", "e", &[]),
    ];
    assert_eq!(references(&keys), "(1 (2 4)(3))(5)");
}

#[test]
fn a_missing_parent_joins_its_children_or_goes() {
    let two = [key(1, "Offer", "b", &["a"]), key(2, "Offer", "c", &["a"])];
    assert_eq!(references(&two), "((1)(2))");
    let one = [key(1, "Offer", "b", &["x", "y", "a"])];
    assert_eq!(references(&one), "(1)");
    let between =
        [key(1, "Offer", "a", &[]), key(2, "Re: Offer", "c", &["a", "b"]), key(3, "Re: Offer", "d", &["a", "b"])];
    assert_eq!(references(&between), "(1 (2)(3))");
}

#[test]
fn one_subject_is_one_thread() {
    // RFC 5256 section 3, REFERENCES, step 5: an answer without references goes below, equals go side by side.
    assert_eq!(references(&[key(1, "Offer", "a", &[]), key(2, "Re: Offer", "b", &[])]), "(1 2)");
    assert_eq!(references(&[key(1, "Offer", "a", &[]), key(2, "Offer", "b", &[])]), "((1)(2))");
    assert_eq!(references(&[key(1, "Re: Offer", "a", &[]), key(2, "Offer", "b", &[])]), "(2 1)");
    assert_eq!(references(&[key(1, "", "a", &[]), key(2, "", "b", &[])]), "(1)(2)");
}

#[test]
fn circles_and_repeated_identifiers_do_no_harm() {
    let circle = [key(1, "a", "a", &["b"]), key(2, "b", "b", &["a"]), key(3, "c", "c", &["c"])];
    assert_eq!(references(&circle), "(2 1)(3)");
    let twice = [key(1, "a", "x", &[]), key(2, "b", "x", &[]), key(3, "c", "y", &["x"])];
    assert_eq!(references(&twice), "(1 3)(2)");
}

#[test]
fn order_is_by_date() {
    let mut keys = [key(1, "Offer", "a", &[]), key(2, "Re: Offer", "b", &["a"]), key(3, "Re: Offer", "c", &["a"])];
    keys[1].date = Timestamp::from_seconds(99);
    assert_eq!(references(&keys), "(1 (3)(2))");
    assert_eq!(shown(&keys, by_subject(&keys)), "(1 (3)(2))");
}

#[test]
fn subjects_alone_make_flat_threads() {
    let keys = [
        key(1, "Offer", "a", &[]),
        key(2, "Order", "b", &["a"]),
        key(3, "Re: Offer", "c", &["b"]),
        key(4, "Fwd: offer", "d", &[]),
    ];
    assert_eq!(shown(&keys, by_subject(&keys)), "(1 (3)(4))(2)");
}

#[test]
fn every_message_is_in_exactly_one_thread() {
    let mut state = 3_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..200 {
        let count = 1 + random(40) as u32;
        let keys: Vec<OrderKey> = (0..count)
            .map(|uid| {
                let ids: Vec<String> = (0..random(5)).map(|_| random(30).to_string()).collect();
                let references: Vec<&str> = ids.iter().map(String::as_str).collect();
                key(uid, ["", "a", "re: a", "b", "Fwd: b"][random(5) as usize], &random(30).to_string(), &references)
            })
            .collect();
        for (nodes, roots) in [by_references(&keys), by_subject(&keys)] {
            let mut seen = vec![0; keys.len()];
            let mut ahead = roots;
            while let Some(at) = ahead.pop() {
                if let Some(message) = nodes[at].message {
                    seen[message] += 1;
                }
                assert!(nodes[at].message.is_some() || nodes[at].children.len() > 1);
                ahead.extend(&nodes[at].children);
            }
            assert!(seen.iter().all(|&count| count == 1), "{keys:?}: {seen:?}");
        }
    }
}

#[test]
fn many_answers_to_one_message_take_no_long_time() {
    let mut keys: Vec<OrderKey> =
        (0..20_000).map(|at| key(at, "Re: offer", &format!("{at}@a"), &["root", "lost", "found"])).collect();
    keys.push(key(20_000, "Offer", "root", &[]));
    let (nodes, roots) = by_references(&keys);
    assert_eq!(roots.len(), 1);
    assert_eq!(nodes[roots[0]].children.len(), 20_000);
}

#[test]
fn a_chain_of_many_answers_takes_no_long_time() {
    let ids: Vec<String> = (0..20_000).map(|n| format!("{n}@a")).collect();
    let keys: Vec<OrderKey> = (0..ids.len())
        .map(|at| {
            let references: Vec<&str> = ids[at.saturating_sub(31)..at].iter().map(String::as_str).collect();
            key(at as u32, "Re: offer", &ids[at], &references)
        })
        .collect();
    assert_eq!(by_references(&keys).1.len(), 1);
}
