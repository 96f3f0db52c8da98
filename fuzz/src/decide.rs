//! From a verdict to the answer a request gets.

use crate::script::Verdict;
use smtp_proto::Refusal;
use smtp_proto::reply::Text;
use smtp_proto::server::Event;

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
    match event {
        Event::Connect(request) => answer!(request),
        Event::Hello(request) => answer!(request),
        Event::Mail(request) => answer!(request),
        Event::Rcpt(request) if verdict == Verdict::AcceptWithText => {
            let path = request.value().to().clone().into_owned();
            request.accept_forwarded(&path);
        }
        Event::Rcpt(request) => answer!(request),
        Event::Data(request) => answer!(request),
        Event::Message(request) => answer!(request),
        Event::Verify(request) if verdict == Verdict::AcceptWithText => {
            request.accept_verified(words());
        }
        Event::Verify(request) => answer!(request),
        Event::Expand(request) => answer!(request),
        Event::Help(request) => answer!(request),
        other => other.answer_by_default(),
    }
}

fn words() -> Text {
    Text::lines(["in two", "lines"]).expect("printable")
}
