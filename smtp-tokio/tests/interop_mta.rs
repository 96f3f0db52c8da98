//! Our client sends to mail servers we didn't write, Postfix and Exim, under TLS; what they have in
//! their mailboxes then is compared with what was sent.
//!
//! Programs that aren't installed are left out, and a line says so; with `SMTP_INTEROP=required`
//! that is a failure.

#[path = "support/identity.rs"]
mod identity;
#[path = "support/mta/mod.rs"]
mod mta;
mod support;

use identity::NAME;
use mta::{BOXES, MECHANISMS, MEMBERS, Mta, OFFICE, PASSWORD, SIZE, USER, with_each};
use smtp_tokio::smtp_proto::address::ForwardPath;
use smtp_tokio::smtp_proto::client::Error as Fault;
use smtp_tokio::smtp_proto::extension::{
    EnvId, Mechanism, Mechanisms, Notify, OriginalRecipient, Ret,
};
use smtp_tokio::{
    Client, ClientTls, Credentials, Delivery, Envelope, Error, ErrorKind, Rcpt, SendError, Stage,
};
use std::path::Path;
use std::process::Command;
use support::{PATIENCE, dotted, example, large};
use tokio::runtime::Runtime;
use tokio::time::timeout;

const FROM: &str = "--from=a@example.org";
const STARTTLS: &str = "--starttls=required";
const IMPLICIT: &str = "--implicit-tls";

/// The ways a message goes to a server.
const WAYS: [&[&str]; 3] = [&[], &["--no-chunking"], &["--no-pipelining"]];

/// `send` to that server: its exit status, and what it says of each recipient.
fn send(mta: &Mta, arguments: &[&str], to: &[&str], message: &Path) -> (i32, Vec<String>) {
    let implicit = arguments.contains(&IMPLICIT);
    let addr = if implicit { mta.implicit } else { mta.starttls };
    let output = Command::new("timeout")
        .arg("60")
        .arg(example("send"))
        .args(["--server", &addr.to_string(), "--ca"])
        .arg(&mta.ca)
        .args(arguments)
        .args(
            to.iter()
                .map(|local_part| format!("--to={local_part}@example.com")),
        )
        .arg(message)
        .output()
        .expect("it runs");
    let text = |octets| String::from_utf8(octets).expect("text");
    let (told, complaints) = (text(output.stdout), text(output.stderr));
    assert!(complaints.is_empty(), "{}: {complaints}", mta.name);
    let status = output.status.code().expect("an exit status");
    (status, told.lines().map(String::from).collect())
}

/// A client of that server, under TLS.
async fn client(mta: &Mta, chunking: bool) -> Client {
    let tls = ClientTls::new(NAME, mta.trust()).expect("a name");
    let connect = Client::connect(mta.starttls).starttls(tls);
    let client = connect.configure(move |config| config.chunking = chunking);
    client.await.expect("a server")
}

/// A message to one recipient.
fn to_one(local_part: &str) -> Envelope {
    let to = format!("{local_part}@example.com");
    Envelope::new("a@example.org", [to]).expect("addresses")
}

/// What comes of that, as long as it doesn't take forever.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = Runtime::new().expect("a runtime");
    let done = runtime.block_on(async { timeout(PATIENCE, future).await });
    done.expect("it comes to an end")
}

/// A message with every octet but those that end lines or are none in mail.
fn eight_bit() -> Vec<u8> {
    let mut message = b"Subject: octets\r\n\r\n".to_vec();
    let octets = (1..=255).filter(|octet| !b"\r\n".contains(octet));
    for octet in octets {
        message.extend_from_slice(&[octet; 70]);
        message.extend_from_slice(b"\r\n");
    }
    message
}

#[test]
fn what_arrives_is_what_was_sent() {
    with_each(|mta| {
        let mut number = 0;
        for message in [dotted(), eight_bit(), large()] {
            let file = mta.file(&message);
            for security in [STARTTLS, IMPLICIT] {
                for way in WAYS {
                    let to = format!("box{number}");
                    number += 1;
                    let arguments = [&[FROM, security], way].concat();
                    let (status, told) = send(mta, &arguments, &[&to], &file);
                    assert_eq!(status, 0, "{}: {told:?}", mta.name);
                    let same = mta.delivered(&to, 1) == [&message[..]];
                    assert!(same, "{}: {arguments:?}: the message differs", mta.name);
                }
            }
        }
    });
}

#[test]
fn a_message_for_a_hundred_recipients_reaches_each() {
    let names: Vec<_> = (0..BOXES).map(|number| format!("box{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    with_each(|mta| {
        let (status, told) = send(mta, &[FROM, STARTTLS], &names, &mta.file(&dotted()));
        assert_eq!((status, told.len()), (0, BOXES), "{}: {told:?}", mta.name);
        for name in &names {
            assert!(mta.delivered(name, 1) == [dotted()], "{}: {name}", mta.name);
        }
    });
}

#[test]
fn messages_follow_one_another_over_a_connection() {
    with_each(|mta| {
        for (number, way) in WAYS.iter().enumerate() {
            let more = ["--from=", STARTTLS, "--messages=60", "--connections=3"];
            let arguments = [*way, &more].concat();
            let to = format!("box{number}");
            let (status, told) = send(mta, &arguments, &[&to], &mta.file(&dotted()));
            assert_eq!((status, told.len()), (0, 60), "{}: {told:?}", mta.name);
            let delivered = mta.delivered(&to, 60);
            assert!(delivered.iter().all(|message| *message == dotted()));
        }
    });
}

#[test]
fn the_others_get_a_message_that_some_recipients_are_refused() {
    with_each(|mta| {
        for (number, way) in WAYS.iter().enumerate() {
            let arguments = [&[FROM, STARTTLS], *way].concat();
            let file = mta.file(&dotted());
            let [one, other] = [0, 1].map(|second| format!("box{}", number * 2 + second));
            let to = [&one, "nobody", &other, MEMBERS];
            let (status, told) = send(mta, &arguments, &to, &file);
            let codes: Vec<_> = to
                .iter()
                .zip(&told)
                .map(|(to, line)| line.strip_prefix(&format!("<{to}@example.com> ")))
                .map(|reply| reply.and_then(|reply| reply.get(..1)))
                .collect();
            let expected = ["2", "5", "2", "5"].map(Some);
            assert_eq!((status, &codes[..]), (1, &expected[..]), "{told:?}");
            for to in [one, other] {
                assert!(mta.delivered(&to, 1) == [dotted()], "{}: {to}", mta.name);
            }

            let (status, told) = send(mta, &arguments, &["nobody", MEMBERS], &file);
            assert_eq!((status, told.len()), (2, 2), "{}: {told:?}", mta.name);
        }
        assert!(!mta.has_mail(MEMBERS) && !mta.has_mail("nobody"));
    });
}

#[test]
fn addresses_in_utf8_are_taken() {
    with_each(|mta| {
        let message = "Subject: grüße\r\n\r\nhallo\r\n".as_bytes();
        let arguments = ["--from=jörg@example.org", STARTTLS];
        let (status, told) = send(mta, &arguments, &[OFFICE], &mta.file(message));
        assert_eq!(status, 0, "{}: {told:?}", mta.name);
        assert_eq!(mta.delivered(OFFICE, 1), [message]);
    });
}

#[test]
fn too_big_a_message_is_refused_or_given_up_and_by_data_the_next_one_taken() {
    let big = [large(), dotted().repeat(1_000)].concat();
    with_each(|mta| {
        wait(async {
            let mut by_data = client(mta, false).await;
            let declared = to_one("box0").with_size(SIZE + 1);
            let error = by_data.send(declared, &big[..]).await;
            let error = error.expect_err("it is too big");
            let ErrorKind::Send(SendError::TooBig { limit: SIZE }) = error.kind() else {
                panic!("{}: {error}", mta.name);
            };
            let report = by_data.send(to_one("box0"), &big[..]).await;
            let report = report.expect("a reply");
            assert!(!report.is_accepted(), "{}: {report:?}", mta.name);
            let report = by_data.send(to_one("box0"), &dotted()[..]).await;
            let report = report.expect("a reply");
            assert!(report.is_accepted_by_all(), "{}: {report:?}", mta.name);
            by_data.quit().await.expect("leave is taken");

            // Exim would take the rest of a chunk it refuses for commands.
            let by_chunks = client(mta, true).await.send(to_one("box0"), &big[..]).await;
            let error = by_chunks.expect_err("it is given up before");
            let ErrorKind::Protocol(Fault::TooBig { limit: SIZE }) = error.kind() else {
                panic!("{}: {error}", mta.name);
            };
            assert_eq!(error.delivery(), Delivery::NotAccepted);
        });
        assert!(mta.delivered("box0", 1) == [dotted()], "{}", mta.name);
    });
}

#[test]
fn a_notification_says_what_the_sender_asked_for() {
    with_each(|mta| {
        let id = EnvId::new("QQ=314159").expect("an id");
        let original = OriginalRecipient::new("rfc822", "Dana+x@example.net").expect("an address");
        let mut envelope = Envelope::new("box1@example.com", ["box2@example.com"])
            .expect("addresses")
            .with(id)
            .with(Ret::Headers);
        let to = ForwardPath::try_from("box0@example.com").expect("an address");
        let told = Notify {
            success: true,
            ..Notify::FAILURE
        };
        envelope.push(Rcpt::new(to).with(told).with(original));
        wait(async {
            let mut client = client(mta, true).await;
            let report = client.send(envelope, &dotted()[..]).await.expect("a reply");
            assert!(report.is_accepted_by_all(), "{}: {report:?}", mta.name);
            client.quit().await.expect("leave is taken");
        });
        assert!(mta.delivered("box0", 1) == [dotted()], "{}", mta.name);
        let notification = mta.delivered("box1", 1).remove(0);
        // Exim says values as they came, in xtext.
        let notification = String::from_utf8(notification).expect("text");
        let notification = notification.replace("+3D", "=").replace("+2B", "+");
        for said in [
            "Action: delivered",
            ": QQ=314159",
            "Original-Recipient: rfc822;Dana+x@example.net",
            "Subject: dots",
        ] {
            assert!(notification.contains(said), "{}: {notification}", mta.name);
        }
        let silent = !notification.contains("box2@example.com") && !notification.contains("...");
        assert!(silent, "{}: {notification}", mta.name);
    });
}

/// Postfix would take a chunk that it refuses in clear for commands.
#[test]
fn nothing_is_taken_in_clear_nor_for_commands() {
    let message = b"NOOP\r\nQUIT\r\n";
    with_each(|mta| {
        for chunking in [true, false] {
            wait(async {
                let connect = Client::connect(mta.starttls);
                let connect = connect.configure(move |config| config.chunking = chunking);
                let mut client = connect.await.expect("a server");
                assert!(client.capabilities().get::<Mechanisms>().is_none());
                for _ in 0..3 {
                    let report = client.send(to_one("box0"), &message[..]).await;
                    let report = report.expect("a reply");
                    let refused = matches!(report.end(), Some((Stage::Mail, _)));
                    assert!(refused, "{}: {report:?}", mta.name);
                }
                client.quit().await.expect("leave is taken");
            });
        }
        assert!(!mta.has_mail("box0"), "{}", mta.name);
    });
}

#[test]
fn members_say_who_they_are_by_each_mechanism() {
    with_each(|mta| {
        for name in MECHANISMS {
            let mechanism = Mechanism::try_from(name).expect("a name");
            let joe = |password| {
                let joe = Credentials::new(USER, password).expect("a name and a password");
                joe.only(mechanism.clone())
            };
            wait(async {
                let mut client = client(mta, true).await;
                let refused = client.auth(&joe("pencils")).await;
                let kind = refused.as_ref().map_err(Error::kind);
                let refused = matches!(kind, Err(ErrorKind::AuthRefused(_)));
                assert!(refused, "{}: {name}: {kind:?}", mta.name);
                let believed = client.auth(&joe(PASSWORD)).await;
                assert!(believed.is_ok(), "{}: {name}: {believed:?}", mta.name);
                let report = client.send(to_one(MEMBERS), &dotted()[..]).await;
                let report = report.expect("a reply");
                assert!(report.is_accepted_by_all(), "{}: {report:?}", mta.name);
                client.quit().await.expect("leave is taken");
            });
        }
        let delivered = mta.delivered(MEMBERS, MECHANISMS.len());
        assert!(delivered.iter().all(|message| *message == dotted()));
    });
}

#[test]
fn send_says_who_it_is_by_each_mechanism() {
    with_each(|mta| {
        let file = mta.file(&dotted());
        let user = format!("--user={USER}:{PASSWORD}");
        for name in MECHANISMS {
            let mechanism = format!("--mechanism={name}");
            let arguments = [FROM, STARTTLS, &user, &mechanism];
            let (status, told) = send(mta, &arguments, &[MEMBERS], &file);
            assert_eq!(status, 0, "{}: {name}: {told:?}", mta.name);
        }
        // And not without.
        let (status, told) = send(mta, &[FROM, STARTTLS], &[MEMBERS], &file);
        assert_eq!(status, 2, "{}: {told:?}", mta.name);
        let delivered = mta.delivered(MEMBERS, MECHANISMS.len());
        assert!(delivered.iter().all(|message| *message == dotted()));
    });
}
