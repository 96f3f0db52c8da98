//! A library with a panic handler and an allocator of its own. Where std is linked in as well, the
//! panic handler is there twice, and that doesn't compile (E0152).

#![no_std]

extern crate alloc;

use alloc::sync::Arc;
use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;
use smtp_proto::address::Domain;
use smtp_proto::server::{Config, Connection, Event};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

struct Nothing;

unsafe impl GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static NOTHING: Nothing = Nothing;

/// Drives a server as far as it gets, so that it is all linked in.
#[unsafe(no_mangle)]
pub extern "C" fn greet(octets: *const u8, length: usize) -> bool {
    let Ok(name) = Domain::try_from("mx.example.org") else {
        return false;
    };
    let mut conn = Connection::new(Arc::new(Config::new(name)));
    let input = unsafe { core::slice::from_raw_parts(octets, length) };
    loop {
        match conn.poll() {
            Event::NeedInput => return conn.receive(input) > 0,
            Event::Flush | Event::Closed(_) => return true,
            other => other.answer_by_default(),
        }
    }
}
