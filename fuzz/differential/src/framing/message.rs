//! `smtp-message`: its commands, each behind the CRLF that its `next_crlf` finds, and its reader of
//! bodies.

use super::Given;
use futures_util::AsyncRead;
use smtp_message::{Command, DataUnescaper, EscapedDataReader, NextCrLfState, next_crlf};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

const ROOM: usize = 4096;

/// What is yet to come.
struct Segments<'s> {
    segments: &'s [&'s [u8]],
    /// Octets taken of the first.
    taken: usize,
}

impl AsyncRead for Segments<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        while let Some(segment) = self.segments.first() {
            let rest = &segment[self.taken..];
            if !rest.is_empty() {
                let octets = rest.len().min(buffer.len());
                buffer[..octets].copy_from_slice(&rest[..octets]);
                self.taken += octets;
                return Poll::Ready(Ok(octets));
            }
            self.segments = &self.segments[1..];
            self.taken = 0;
        }
        Poll::Ready(Ok(0))
    }
}

pub(super) fn session(segments: &[&[u8]]) -> Given {
    let mut given = Given::default();
    let mut segments = Segments { segments, taken: 0 };
    let mut buffer: Vec<u8> = Vec::new();
    let (mut mail, mut rcpt) = (false, false);
    loop {
        let mut state = NextCrLfState::Start;
        let Some(end) = next_crlf(&buffer, &mut state) else {
            let mut more = [0; ROOM];
            match poll(&mut segments, &mut more) {
                0 => return given,
                octets => buffer.extend_from_slice(&more[..octets]),
            }
            continue;
        };
        let line: Vec<u8> = buffer.drain(..=end).collect();
        match Command::<&str>::parse(&line) {
            Ok((_, Command::Mail { email, .. })) if !mail => {
                let path = email.map_or("<>".to_owned(), |email| email.to_string());
                given.asked.push(path);
                mail = true;
            }
            Ok((_, Command::Rcpt { email, .. })) if mail => {
                given.asked.push(email.to_string());
                rcpt = true;
            }
            Ok((_, Command::Rset)) => (mail, rcpt) = (false, false),
            Ok((_, Command::Data)) if rcpt => {
                let Some(message) = body(&mut buffer, &mut segments) else {
                    return given;
                };
                given.messages.push(message);
                (mail, rcpt) = (false, false);
            }
            _ => {}
        }
    }
}

fn poll(reader: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> usize {
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(reader).poll_read(&mut context, buffer) {
        Poll::Ready(Ok(octets)) => octets,
        _ => 0,
    }
}

/// The message, if it came to its end; what is behind it is left in the buffer.
fn body(buffer: &mut Vec<u8>, segments: &mut Segments<'_>) -> Option<Vec<u8>> {
    let mut behind = [0; 2 * ROOM];
    behind[..buffer.len()].copy_from_slice(buffer);
    let mut reader = pin!(EscapedDataReader::new(
        &mut behind,
        0..buffer.len(),
        segments
    ));
    let mut unescaper = DataUnescaper::new(true);
    let (mut message, mut held) = (Vec::new(), Vec::new());
    let mut context = Context::from_waker(Waker::noop());
    while !reader.is_finished() {
        let mut more = [0; ROOM];
        let Poll::Ready(Ok(octets)) = reader.as_mut().poll_read(&mut context, &mut more) else {
            return None;
        };
        held.extend_from_slice(&more[..octets]);
        let done = unescaper.unescape(&mut held);
        message.extend_from_slice(&held[..done.written]);
        held.drain(..done.unhandled_idx);
    }
    reader.complete();
    let left = reader.get_unhandled().expect("it is complete");
    *buffer = behind[left].to_vec();
    Some(message)
}
