//! A link that holds one octet each way, so that whoever may wait for the other does.
//!
//! The server's driver reads nothing while it has something to write. The client's follows the rule in
//! the docs of its `Connection`, and reads while it writes; then neither waits for ever.

mod common;

use common::{Verdict, answer, client_config, server_config};
use smtp_proto::bytes::Buf;
use smtp_proto::reply::Text;
use smtp_proto::server::Dialect;
use smtp_proto::{Envelope, Extension, Hello, client, server};

const RECIPIENTS: usize = 40;
const MESSAGES: usize = 3;

/// Both ends, and an octet on its way to each of them.
struct Link {
    client: client::Connection,
    server: server::Connection,
    up: Option<u8>,
    down: Option<u8>,
    /// Whether the client reads while it has something to write.
    reads_while_writing: bool,
    /// Messages to be begun, and what is left of the one under way.
    begun: usize,
    content: usize,
    /// Each message of its own, or said as the one before ends.
    behind_each_other: bool,
    /// Octets of a message, and how many the server got of which messages.
    octets: usize,
    arrived: Vec<usize>,
    arriving: usize,
    told: Vec<&'static str>,
}

/// What came of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Moved,
    Waits,
    Closed,
}

impl Link {
    fn new(client: client::Config, server: server::Config, octets: usize) -> Self {
        Self {
            client: client::Connection::new(client.into()),
            server: server::Connection::new(server.into()),
            up: None,
            down: None,
            reads_while_writing: true,
            begun: 0,
            content: 0,
            behind_each_other: true,
            octets,
            arrived: Vec::new(),
            arriving: 0,
            told: Vec::new(),
        }
    }

    /// Lets both go on until they are done; false if each waits for the other.
    fn run(&mut self) -> bool {
        loop {
            let turns = [self.client_turn(), self.server_turn()];
            if turns == [Turn::Closed; 2] {
                return true;
            }
            if !turns.contains(&Turn::Moved) {
                return false;
            }
        }
    }

    fn envelope() -> Envelope {
        let to = (0..RECIPIENTS).map(|n| format!("{n}@d"));
        Envelope::new("a@b", to).unwrap()
    }

    fn client_turn(&mut self) -> Turn {
        let event = self.client.poll().unwrap();
        let writes = match event {
            client::Event::NeedInput => false,
            client::Event::Flush => true,
            client::Event::Ready(ready) => {
                if self.begun == MESSAGES {
                    ready.quit();
                } else {
                    ready.send(Self::envelope()).unwrap();
                    self.begin();
                }
                return Turn::Moved;
            }
            client::Event::Body(body) if self.content > 0 => {
                let chunk = self.content.min(1000);
                self.content -= chunk;
                body.send(vec![b'x'; chunk]);
                return Turn::Moved;
            }
            client::Event::Body(body) => {
                if self.behind_each_other && self.begun < MESSAGES {
                    body.finish_then(Self::envelope()).unwrap();
                    self.begin();
                } else {
                    body.finish();
                }
                return Turn::Moved;
            }
            client::Event::Recipient { .. } | client::Event::Delivered { .. } => {
                return Turn::Moved;
            }
            client::Event::Sent { .. } => {
                self.told.push("sent");
                return Turn::Moved;
            }
            client::Event::Closed(_) => return Turn::Closed,
            other => panic!("{other:?}"),
        };
        let wrote = writes && carry(self.client.transmit(), &mut self.up);
        let reads = !writes || self.reads_while_writing;
        let read = reads
            && self
                .down
                .take_if(|octet| self.client.receive(&[*octet]) == 1)
                .is_some();
        if wrote || read {
            Turn::Moved
        } else {
            Turn::Waits
        }
    }

    fn begin(&mut self) {
        self.begun += 1;
        self.content = self.octets;
    }

    fn server_turn(&mut self) -> Turn {
        let moved = match self.server.poll() {
            server::Event::NeedInput => self
                .up
                .take_if(|octet| self.server.receive(&[*octet]) == 1)
                .is_some(),
            server::Event::Flush => carry(self.server.transmit(), &mut self.down),
            server::Event::Body(chunk) => {
                self.arriving += chunk.len();
                true
            }
            server::Event::Message(request) => {
                self.arrived.push(std::mem::take(&mut self.arriving));
                request.accept();
                true
            }
            server::Event::Closed(_) => return Turn::Closed,
            event @ server::Event::Rcpt(_) => {
                // Longer than the command.
                answer(event, Verdict::Text(Text::new("y".repeat(200)).unwrap()));
                true
            }
            event => {
                answer(event, Verdict::Accept);
                true
            }
        };
        if moved { Turn::Moved } else { Turn::Waits }
    }
}

/// One octet, if there is room for it.
fn carry(from: &mut impl Buf, to: &mut Option<u8>) -> bool {
    if to.is_some() {
        return false;
    }
    *to = Some(from.get_u8());
    true
}

/// Both sides' settings, with as much output held as that.
fn configs(chunking: bool, lmtp: bool, output: usize) -> (client::Config, server::Config) {
    let (mut client, mut server) = (client_config(), server_config());
    client.output = output;
    client.unanswered = MESSAGES;
    server.limits.output = output;
    if chunking {
        server.offers.add(Extension::Chunking);
    }
    if lmtp {
        client.hello = Hello::lhlo("client.example.org").unwrap();
        server.dialect = Dialect::Lmtp;
    }
    (client, server)
}

#[test]
fn neither_side_waits_for_ever_whatever_fits_between_them() {
    for (chunking, lmtp) in [(false, false), (true, false), (false, true), (true, true)] {
        for output in [0, 100, 65_536] {
            for behind_each_other in [true, false] {
                for octets in [0, 1, 70_000] {
                    let (client, server) = configs(chunking, lmtp, output);
                    let mut link = Link::new(client, server, octets);
                    link.behind_each_other = behind_each_other;
                    let way = (chunking, lmtp, output, behind_each_other, octets);
                    assert!(link.run(), "stuck: {way:?}");
                    assert_eq!(link.told, ["sent"; MESSAGES], "{way:?}");
                    // By DATA the last line is completed.
                    let end = if chunking || octets == 0 { 0 } else { 2 };
                    assert_eq!(link.arrived, [octets + end; MESSAGES], "{way:?}");
                }
            }
        }
    }
}

#[test]
fn a_client_that_reads_nothing_while_it_writes_gets_stuck() {
    for chunking in [false, true] {
        let (client, server) = configs(chunking, false, 100);
        let mut link = Link::new(client, server, 1);
        link.reads_while_writing = false;
        assert!(!link.run());
    }
}
