//! Replies read off a stream by whoever has no machine.

use proptest::prelude::*;
use smtp_proto::bytes::BytesMut;
use smtp_proto::reply::Text;
use smtp_proto::{Reply, ReplyFault, ReplyLimits, ReplyReader};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// What is read of a stream that comes in parts of these sizes, over and over.
fn read(stream: &[u8], sizes: &[usize]) -> (Vec<Reply>, Option<ReplyFault>) {
    let (limits, mut reader) = (ReplyLimits::default(), ReplyReader::default());
    let (mut input, mut replies, mut rest) = (BytesMut::new(), Vec::new(), stream);
    for size in sizes.iter().cycle() {
        loop {
            match reader.next(&mut input, &limits, true) {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(fault) => {
                    assert_eq!(reader.next(&mut input, &limits, true), Err(fault));
                    return (replies, Some(fault));
                }
            }
        }
        if rest.is_empty() {
            break;
        }
        let part;
        (part, rest) = rest.split_at(rest.len().min(*size));
        input.extend_from_slice(part);
    }
    (replies, None)
}

proptest! {
    #[test]
    fn a_stream_of_replies_is_the_same_however_it_is_cut(
        lines in prop::collection::vec(
            prop::sample::select(vec![
                "220 mx\r\n", "250-mx\r\n", "250-SIZE 1\r\n", "250 HELP\r\n", "250\r\n", "250-\r\n",
                "550-5.1.1 no\r\n", "550 5.1.1 such\r\n", "199 \r\n", "250 a\nb\r\n", "25", "\r\n", "\t\x07\r\n",
            ]),
            0..20,
        ),
        sizes in prop::collection::vec(1_usize..30, 1..5),
    ) {
        let stream = lines.concat();
        prop_assert_eq!(read(stream.as_bytes(), &sizes), read(stream.as_bytes(), &[usize::MAX]));
    }
}

#[test]
fn nothing_is_read_behind_a_fault() {
    let stream = b"250 one\r\n250-two\r\n251 three\r\n250 four\r\n";
    let (replies, fault) = read(stream, &[7]);
    assert_eq!(replies.len(), 1);
    assert_eq!(fault, Some(ReplyFault::CodeChanged));
}

#[test]
fn limits_hold_though_they_become_smaller_midway() {
    let mut reader = ReplyReader::default();
    let mut limits = ReplyLimits::default();
    let mut input = BytesMut::from("250-one\r\n250 tw");
    assert_eq!(reader.next(&mut input, &limits, false), Ok(None));
    limits.octets = 5;
    input.extend_from_slice(b"o\r\n");
    assert_eq!(
        reader.next(&mut input, &limits, false),
        Err(ReplyFault::TooLong)
    );
}

#[test]
fn a_text_is_its_lines_however_it_came() {
    let cases: [(&str, &[&str]); 9] = [
        ("250\r\n", &[""]),
        ("250 \r\n", &[""]),
        ("250-\r\n250\r\n", &["", ""]),
        ("250-mx\r\n250-\r\n250 HELP\r\n", &["mx", "", "HELP"]),
        ("250 2.1.0\r\n", &[""]),
        ("250 2.1.0 so\r\n", &["so"]),
        (
            "250-2.1.0\r\n250-2.1.0 \r\n250 2.1.0 so\r\n",
            &["", "", "so"],
        ),
        (
            "250-2.1.0 so\r\n250 2.1.00 it\r\n",
            &["2.1.0 so", "2.1.00 it"],
        ),
        ("250-2.1.0 so\r\n250\r\n", &["2.1.0 so", ""]),
    ];
    for (wire, lines) in cases {
        let (replies, _) = read(wire.as_bytes(), &[usize::MAX]);
        let text = replies[0].text();
        let built = Text::lines(lines.iter().copied()).unwrap();
        let hash = |text: &Text| BuildHasherDefault::<DefaultHasher>::default().hash_one(text);
        assert_eq!(text, &built, "{wire:?}");
        assert_eq!(hash(text), hash(&built), "{wire:?}");
        assert_eq!(text.is_empty(), built.is_empty(), "{wire:?}");
        assert_eq!(format!("{text:?} {text}"), format!("{built:?} {built}"));
    }
}
