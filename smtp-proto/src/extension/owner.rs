//! Whose a parameter is: the table's slots, found by keyword.

use super::parameter::{Carrier, Slot};
use super::table::{Extension, TABLE};
use crate::grammar::{Word, Words};

/// An extension that has a parameter of a keyword.
#[derive(Clone, Copy)]
pub(crate) struct Owner {
    keyword: Word,
    pub(crate) extension: Extension,
    pub(crate) slot: &'static Slot,
    /// One bit, the same for the keywords that exclude each other.
    pub(super) group: u32,
    /// How many of its keyword stand together here, itself the first.
    together: usize,
}

static MAIL: [Owner; count(Carrier::Mail)] = owners(Carrier::Mail);
static RCPT: [Owner; count(Carrier::Rcpt)] = owners(Carrier::Rcpt);

static MAIL_KEYWORDS: Words = Words::new(const { &keywords(&MAIL) });
static RCPT_KEYWORDS: Words = Words::new(const { &keywords(&RCPT) });

impl Owner {
    /// Those of that keyword, in any case, in the table's order.
    pub(super) fn of(carrier: Carrier, keyword: &str) -> &'static [Self] {
        let (keywords, all): (_, &[Self]) = match carrier {
            Carrier::Mail => (&MAIL_KEYWORDS, &MAIL),
            Carrier::Rcpt => (&RCPT_KEYWORDS, &RCPT),
        };
        match keywords.find(keyword.as_bytes()) {
            Some(first) => &all[first..][..all[first].together],
            None => &[],
        }
    }
}

const fn keywords<const COUNT: usize>(owners: &[Owner; COUNT]) -> [Word; COUNT] {
    let mut keywords = [Word::new(""); COUNT];
    let mut at = 0;
    while at < COUNT {
        keywords[at] = owners[at].keyword;
        at += 1;
    }
    keywords
}

/// The owner of that index, of all that the table has for a command; what others decide is left open.
const fn nth(carrier: Carrier, mut index: usize) -> Option<Owner> {
    let mut at = 0;
    while at < TABLE.len() {
        let (extension, row) = &TABLE[at];
        let mut slots = row.slots(carrier);
        while let [slot, behind @ ..] = slots {
            if index < slot.keywords.len() {
                return Some(Owner {
                    keyword: Word::new(slot.keywords[index]),
                    extension: *extension,
                    slot,
                    group: 0,
                    together: 1,
                });
            }
            index -= slot.keywords.len();
            slots = behind;
        }
        at += 1;
    }
    None
}

const fn count(carrier: Carrier) -> usize {
    let mut count = 0;
    while nth(carrier, count).is_some() {
        count += 1;
    }
    count
}

/// All of them, those of one keyword together.
const fn owners<const COUNT: usize>(carrier: Carrier) -> [Owner; COUNT] {
    const TOO_MANY: &str = "the table has as many";
    let mut owners = [nth(carrier, 0).expect(TOO_MANY); COUNT];
    let mut at = 0;
    while at < COUNT {
        owners[at] = nth(carrier, at).expect(TOO_MANY);
        at += 1;
    }
    let mut first = 0;
    while first < COUNT {
        let mut behind = first + 1;
        at = behind;
        while at < COUNT {
            if owners[at].keyword.same(owners[first].keyword) {
                // The others make room, and keep their order.
                let mut other = at;
                while other > behind {
                    (owners[other], owners[other - 1]) = (owners[other - 1], owners[other]);
                    other -= 1;
                }
                behind += 1;
            }
            at += 1;
        }
        owners[first].together = behind - first;
        first = behind;
    }
    at = 0;
    while at < COUNT {
        // The first of those that exclude each other gives all of them its bit.
        let exclusive = Word::new(owners[at].slot.keywords[0]);
        let mut bit = 0;
        while !owners[bit].keyword.same(exclusive) {
            bit += 1;
        }
        owners[at].group = 1 << bit;
        at += 1;
    }
    owners
}
