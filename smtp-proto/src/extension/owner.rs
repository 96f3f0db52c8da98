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
    /// Where the next of its keyword is, or would be.
    next: usize,
}

static MAIL: [Owner; count(Carrier::Mail)] = owners(Carrier::Mail);
static RCPT: [Owner; count(Carrier::Rcpt)] = owners(Carrier::Rcpt);

static MAIL_KEYWORDS: Words = Words::new(const { &keywords(&MAIL) });
static RCPT_KEYWORDS: Words = Words::new(const { &keywords(&RCPT) });

impl Owner {
    /// Those of that keyword, in any case, in the table's order.
    #[inline]
    pub(super) fn of(carrier: Carrier, keyword: &str) -> impl Iterator<Item = &'static Self> {
        let (keywords, all): (_, &[Self]) = match carrier {
            Carrier::Mail => (&MAIL_KEYWORDS, &MAIL),
            Carrier::Rcpt => (&RCPT_KEYWORDS, &RCPT),
        };
        let mut next = keywords.find(keyword.as_bytes()).unwrap_or(all.len());
        core::iter::from_fn(move || {
            let owner = all.get(next)?;
            next = owner.next;
            Some(owner)
        })
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
                    next: 0,
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

const fn owners<const COUNT: usize>(carrier: Carrier) -> [Owner; COUNT] {
    const TOO_MANY: &str = "the table has as many";
    let mut owners = [nth(carrier, 0).expect(TOO_MANY); COUNT];
    let mut at = COUNT;
    while at > 0 {
        at -= 1;
        owners[at] = nth(carrier, at).expect(TOO_MANY);
        owners[at].next = at + 1;
        while owners[at].next < COUNT && !owners[owners[at].next].keyword.same(owners[at].keyword) {
            owners[at].next += 1;
        }
    }
    while at < COUNT {
        // The first of those that exclude each other gives all of them its bit.
        let first = Word::new(owners[at].slot.keywords[0]);
        let mut bit = 0;
        while !owners[bit].keyword.same(first) {
            bit += 1;
        }
        owners[at].group = 1 << bit;
        at += 1;
    }
    owners
}
