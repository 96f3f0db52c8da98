//! From a verdict to the answer a request gets.

use crate::script::Verdict;
use smtp_proto::extension::{MtPriority, Prdr, Queue, TransId};
use smtp_proto::reply::Text;
use smtp_proto::server::{Accepted, AuthRequest, Event, Message, Request, Upgrade};
use smtp_proto::{Envelope, Mail, Refusal, Verb};

/// Who is authenticated.
pub(crate) const IDENTITY: &str = "joe";

/// What is asked of a client second and later, and how that stands on the wire; first is nothing.
pub(crate) const CHALLENGE: (&[u8], &[u8]) = (b"fuzz", b"ZnV6eg==");

/// How many recipients a transaction has that is taken up again, and how many octets.
pub(crate) const AGAIN: (usize, u64) = (1, 3);

/// The kinds of requests share no public trait, so each has an arm of its own.
pub(crate) fn answer(event: Event<'_>, verdict: Verdict) {
    macro_rules! answer {
        ($request:expr) => {{
            let request = $request;
            match verdict {
                Verdict::Accept => request.accept(),
                Verdict::AcceptWithText => request.accept_with_text(words()),
                Verdict::Reject => request.reject(Refusal::policy()),
                Verdict::Close => request.reject(Refusal::shutting_down()),
                Verdict::Ignore => {}
                Verdict::Defer | Verdict::Expire | Verdict::DeferIntoShutdown => request.defer(),
            }
        }};
    }
    let own_words = verdict == Verdict::AcceptWithText;
    match event {
        Event::Connect(request) => answer!(request),
        Event::Hello(request) => answer!(request),
        Event::StartTls(request) => answer!(request),
        Event::Upgrade(upgrade) => shake_hands(upgrade, verdict),
        Event::Auth(request) => authenticate(request, verdict),
        Event::Mail(request) if own_words => accept_mail(request),
        Event::Mail(request) => answer!(request),
        Event::Rcpt(request) if own_words => {
            let path = request.value().to().clone().into_owned();
            request.accept_forwarded(&path);
        }
        Event::Rcpt(request) => answer!(request),
        Event::Data(request) => answer!(request),
        Event::Burl(request) => answer!(request),
        Event::Message(request) if own_words => accept_message(request),
        Event::Message(request) => answer!(request),
        Event::Verify(request) if own_words => request.accept_verified(words()),
        Event::Verify(request) => answer!(request),
        Event::Expand(request) => answer!(request),
        Event::Help(request) => answer!(request),
        Event::Etrn(request) if own_words => request.accept_queue(Queue::Messages(7)),
        Event::Etrn(request) => answer!(request),
        Event::Atrn(request) => answer!(request),
        Event::XClient(request) => answer!(request),
        Event::XForward(request) => answer!(request),
        Event::Own(request) => answer!(request),
        other => other.answer_by_default(),
    }
}

fn words() -> Text {
    Text::lines(["in two", "lines"]).expect("printable")
}

fn shake_hands(upgrade: Upgrade<'_>, verdict: Verdict) {
    match verdict {
        Verdict::Accept | Verdict::AcceptWithText => upgrade.complete(),
        Verdict::Reject | Verdict::Close => upgrade.fail(),
        Verdict::Ignore => {}
        Verdict::Defer | Verdict::Expire | Verdict::DeferIntoShutdown => upgrade.defer(),
    }
}

/// In words of one's own is by a challenge.
fn authenticate(request: AuthRequest<'_>, verdict: Verdict) {
    match verdict {
        Verdict::Accept => request.accept(IDENTITY),
        Verdict::AcceptWithText if request.is_first() => request.challenge(b""),
        Verdict::AcceptWithText => request.challenge(CHALLENGE.0),
        Verdict::Reject => request.reject(Refusal::bad_credentials()),
        Verdict::Close => request.reject(Refusal::shutting_down()),
        Verdict::Ignore => {}
        Verdict::Defer | Verdict::Expire | Verdict::DeferIntoShutdown => request.defer(),
    }
}

/// As that of an earlier try, or at another priority, where it can be.
fn accept_mail(request: Request<'_, Mail<'_>>) {
    let mail = request.value();
    if mail.get::<TransId<'_>>().is_some() {
        let again = Envelope::new("", ["again@example.org"]).expect("an address");
        request.accept_again(again, AGAIN.1);
    } else if mail.get::<MtPriority>().is_some() {
        request.accept_at_priority(MtPriority::default());
    } else {
        request.accept_with_text(words());
    }
}

/// For every second recipient where each has a reply of its own, and the last ones forgotten.
fn accept_message(request: Request<'_, Message>) {
    let session = request.session();
    let lmtp = session
        .hello()
        .is_some_and(|hello| hello.verb() == Verb::Lhlo);
    let Some(open) = session.transaction() else {
        panic!("a message without an envelope");
    };
    let all = open.recipients().len();
    if !lmtp && open.mail().get::<Prdr>().is_none() {
        return match all {
            1 => request.accept_with_text(words()),
            all => request.conclude(Ok(Accepted::each(vec![Ok(()); all]))),
        };
    }
    let verdict = |index: usize| match index % 2 {
        0 => Ok(()),
        _ => Err(Refusal::mailbox_full()),
    };
    let verdicts: Vec<_> = (0..all - all / 3).map(verdict).collect();
    request.conclude(Ok(Accepted::each(verdicts)));
}
