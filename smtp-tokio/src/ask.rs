//! What the handler is asked, and how its answers are said.

use crate::Handler;
use smtp_proto::Refusal;
use smtp_proto::server::Event;
use std::future::Future;
use std::time::Duration;
use tokio::time::sleep;

/// Has the handler decide what it can decide without a body or another stream.
pub(crate) async fn ask<H: Handler>(event: Event<'_>, handler: &mut H, limit: Duration) {
    match event {
        Event::Connect(request) => {
            request.answer(decide(limit, handler.connect()).await);
        }
        Event::Hello(request) => {
            let verdict = handler.hello(request.value(), request.session());
            let verdict = decide(limit, verdict).await;
            request.answer(verdict);
        }
        Event::Mail(request) => {
            let verdict = handler.mail(request.value(), request.session());
            let verdict = decide(limit, verdict).await;
            request.answer(verdict);
        }
        Event::Rcpt(request) => {
            // A RCPT is only asked about within a transaction.
            let verdict = match request.session().transaction() {
                Some(open) => decide(limit, handler.rcpt(request.value(), open)).await,
                None => Err(Refusal::local_error()),
            };
            request.answer(verdict);
        }
        Event::Verify(request) => {
            let verdict = handler.verify(request.value().text());
            let verdict = decide(limit, verdict).await;
            request.answer_with(verdict);
        }
        Event::Expand(request) => {
            let verdict = handler.expand(request.value().text());
            let verdict = decide(limit, verdict).await;
            request.answer_with(verdict);
        }
        Event::Help(request) => {
            let verdict = handler.help(request.value().text());
            let verdict = decide(limit, verdict).await;
            request.answer_with(verdict);
        }
        Event::Etrn(request) => match decide(limit, handler.etrn(request.value())).await {
            Ok(queue) => request.accept_queue(queue),
            Err(refusal) => request.reject(refusal),
        },
        Event::XClient(request) => match decide(limit, handler.xclient(request.value())).await {
            Ok(Some(identity)) => request.accept_as(identity),
            Ok(None) => request.accept(),
            Err(refusal) => request.reject(refusal),
        },
        Event::XForward(request) => {
            let verdict = decide(limit, handler.xforward(request.value())).await;
            request.answer(verdict);
        }
        Event::Own(request) => {
            let verdict = handler.own(request.value(), request.session());
            match decide(limit, verdict).await {
                Ok(text) => request.accept_with_text(text),
                Err(refusal) => request.reject(refusal),
            }
        }
        other => other.answer_by_default(),
    }
}

/// Waits for a decision, though not for ever.
pub(crate) async fn decide<T>(
    limit: Duration,
    verdict: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    tokio::select! {
        biased;
        verdict = verdict => verdict,
        // Only one that isn't there at once needs a clock.
        () = async { sleep(limit).await } => Err(Refusal::local_error()),
    }
}
