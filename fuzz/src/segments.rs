//! Segments of what a client sends.
//!
//! The octets behind a line may be for somebody else: those that come in one segment with STARTTLS,
//! ATRN or XCLIENT end the session, and those that come later don't; with `H` among the settings that goes for
//! most commands. That is a matter of time, so every way to cut an input either cuts there too or, with
//! `g`, never does.

use crate::script::{Cuts, Script};

/// The lines after which the octets are for somebody else.
const TURNS: [&[u8]; 3] = [b"STARTTLS", b"ATRN", b"XCLIENT"];

pub(crate) struct Segments<'a> {
    cuts: Cuts<'a>,
    /// Where such a line ends.
    turns: Vec<usize>,
    glued: bool,
    /// Octets that were taken.
    position: usize,
}

impl<'a> Segments<'a> {
    pub(crate) fn new(script: &Script<'_>, cuts: Cuts<'a>, input: &[u8]) -> Self {
        let (mut end, mut turns) = (0, Vec::new());
        for line in input.split_inclusive(|&octet| octet == b'\n') {
            end += line.len();
            let line = line.to_ascii_uppercase();
            let has = |word: &&[u8]| line.windows(word.len()).any(|window| window == *word);
            if script.has(b'H') || TURNS.iter().any(has) {
                turns.push(end);
            }
        }
        Self {
            cuts,
            turns,
            // Where little is taken at a time, nothing can be promised of that.
            glued: script.has(b'g') && !script.has(b's'),
            position: 0,
        }
    }

    /// The next length in the script.
    pub(crate) fn cut(&mut self) -> usize {
        self.cuts.next().unwrap_or(1)
    }

    /// How many of the octets left make the next segment.
    pub(crate) fn next(&mut self, left: usize) -> usize {
        if left == 0 {
            return 0;
        }
        let mut cut = self.cut().min(left);
        if self.glued {
            while cut < left && self.turns.binary_search(&(self.position + cut)).is_ok() {
                cut += 1;
            }
            return cut;
        }
        let next = self.turns.partition_point(|end| *end <= self.position);
        let end = self.turns.get(next);
        end.map_or(cut, |end| cut.min(end - self.position))
    }

    /// Whether nothing was taken yet of what is for somebody else.
    pub(crate) fn is_at_turn(&self) -> bool {
        self.turns.binary_search(&self.position).is_ok()
    }

    /// So many octets of it were taken.
    pub(crate) fn took(&mut self, octets: usize) {
        self.position += octets;
    }
}
