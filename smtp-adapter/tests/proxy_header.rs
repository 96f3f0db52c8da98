//! Who the client is by the header of the PROXY protocol, wherever that is cut, and nothing where it isn't
//! sound.

use smtp_adapter::{InvalidProxyHeader, Peer, ProxyHeader};
use std::net::SocketAddr;

const PROXY: &str = "10.1.0.1:50000";
const IPV4: &[u8] = b"\xc0\x00\x02\x01\xc6\x33\x64\x02\x9c\x40\x00\x19";

fn peer(addr: &str) -> Peer {
    addr.parse::<SocketAddr>().expect("an address").into()
}

/// The signature of version 2, the command and the family, the length, and what follows.
fn v2(command_and_family: [u8; 2], length: usize, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(length).expect("a length").to_be_bytes();
    let signature = b"\r\n\r\n\0\r\nQUIT\n";
    [&signature[..], &command_and_family, &length, rest].concat()
}

/// What is read of these octets, which come in segments, and how many of them were taken; `None` if they
/// end before.
fn read(octets: &[u8], segment: usize) -> (Option<Result<Peer, InvalidProxyHeader>>, usize) {
    let mut header = ProxyHeader::sent_by(peer(PROXY));
    let mut taken = 0;
    while taken < octets.len() {
        let missing = header.missing();
        assert!((1..=4_096).contains(&missing), "{missing}");
        let next = missing
            .min(segment - taken % segment)
            .min(octets.len() - taken);
        let received = header.receive(&octets[taken..taken + next]);
        taken += next;
        match received {
            Ok(None) => {}
            Ok(Some(client)) => return (Some(Ok(client)), taken),
            Err(error) => return (Some(Err(error)), taken),
        }
    }
    (None, taken)
}

#[track_caller]
fn assert_refused(octets: &[u8]) {
    for segment in 1..=octets.len() {
        let (client, _) = read(octets, segment);
        assert_eq!(client, Some(Err(InvalidProxyHeader)), "{octets:?}");
    }
}

#[test]
fn the_client_is_who_the_header_says_and_what_follows_is_left() {
    let ipv6 = b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01";
    let ipv6 = [&ipv6[..], ipv6, b"\x9c\x40\x00\x19"].concat();
    let more = [IPV4, b"\x04\0\x03abc"].concat();
    let cases: [(&[u8], &str); 11] = [
        (
            b"PROXY TCP4 192.0.2.1 198.51.100.2 40000 25\r\n",
            "192.0.2.1:40000",
        ),
        (
            b"PROXY TCP6 2001:db8::1 2001:db8::1 40000 25\r\n",
            "[2001:db8::1]:40000",
        ),
        (
            b"PROXY TCP6 ::ffff:192.0.2.1 ::1 40000 25\r\n",
            "192.0.2.1:40000",
        ),
        (b"PROXY UNKNOWN\r\n", PROXY),
        (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", PROXY),
        (&v2([0x21, 0x11], 12, IPV4), "192.0.2.1:40000"),
        (&v2([0x21, 0x11], 18, &more), "192.0.2.1:40000"),
        (&v2([0x21, 0x21], 36, &ipv6), "[2001:db8::1]:40000"),
        (&v2([0x20, 0x11], 12, IPV4), PROXY),
        (&v2([0x20, 0x11], 0, b""), PROXY),
        (&v2([0x20, 0x00], 0, b""), PROXY),
    ];
    for (header, client) in cases {
        let glued = [header, b"EHLO client.example\r\n"].concat();
        for segment in 1..=glued.len() {
            let whole = (Some(Ok(peer(client))), header.len());
            assert_eq!(read(&glued, segment), whole, "{header:?} by {segment}");
        }
        assert_eq!(read(&header[..header.len() - 1], 1).0, None);
    }
}

#[test]
fn the_longest_header_is_read_and_a_longer_one_is_not() {
    let line = |octets: usize| format!("PROXY UNKNOWN {}\r\n", "x".repeat(octets - 16));
    let header = |octets: usize| v2([0x21, 0], octets - 16, &vec![0; octets - 16]);
    for longest in [line(107).as_bytes(), &header(4_096)] {
        let whole = (Some(Ok(peer(PROXY))), longest.len());
        assert_eq!(read(longest, longest.len()), whole);
    }
    assert_refused(line(108).as_bytes());
    assert_refused(&header(4_097)[..16]);
}

#[test]
fn what_is_no_sound_header_names_nobody() {
    let cases: [&[u8]; 12] = [
        b"EHLO client.example\r\n",
        b"PROXY EHLO client.example\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 40000\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n",
        b"PROXY TCP4 192.0.2.256 198.51.100.2 40000 25\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::1 40000 25\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 40000 25\rEHLO a\r\n",
        b"\r\n\r\n\0\r\nQUIT\r\n and more",
        &v2([0x31, 0x11], 12, IPV4),
        &v2([0x21, 0x12], 12, IPV4),
        &v2([0x22, 0x11], 12, IPV4),
        &v2([0x21, 0x11], 4, &IPV4[..4]),
    ];
    for octets in cases {
        assert_refused(octets);
    }
}
