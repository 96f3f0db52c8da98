//! What the handler is asked, and how its answers are said.

use crate::Handler;
use smtp_proto::Refusal;
use smtp_proto::server::Event;

/// Has the handler decide what it can decide without a body or another stream.
pub(crate) fn ask<H: Handler>(event: Event<'_>, handler: &mut H) {
    match event {
        Event::Connect(request) => request.answer(handler.connect()),
        Event::Hello(request) => {
            let verdict = handler.hello(request.value(), request.session());
            request.answer(verdict);
        }
        Event::Mail(request) => {
            let verdict = handler.mail(request.value(), request.session());
            request.answer(verdict);
        }
        Event::Rcpt(request) => {
            // A RCPT is only asked about within a transaction.
            let verdict = match request.session().transaction() {
                Some(open) => handler.rcpt(request.value(), open),
                None => Err(Refusal::local_error()),
            };
            request.answer(verdict);
        }
        Event::Verify(request) => {
            let verdict = handler.verify(request.value().text());
            request.answer_with(verdict);
        }
        Event::Expand(request) => {
            let verdict = handler.expand(request.value().text());
            request.answer_with(verdict);
        }
        Event::Help(request) => {
            let verdict = handler.help(request.value().text());
            request.answer_with(verdict);
        }
        Event::Etrn(request) => match handler.etrn(request.value()) {
            Ok(queue) => request.accept_queue(queue),
            Err(refusal) => request.reject(refusal),
        },
        Event::XClient(request) => match handler.xclient(request.value()) {
            Ok(Some(identity)) => request.accept_as(identity),
            Ok(None) => request.accept(),
            Err(refusal) => request.reject(refusal),
        },
        Event::XForward(request) => {
            let verdict = handler.xforward(request.value());
            request.answer(verdict);
        }
        Event::Own(request) => match handler.own(request.value(), request.session()) {
            Ok(text) => request.accept_with_text(text),
            Err(refusal) => request.reject(refusal),
        },
        other => other.answer_by_default(),
    }
}
