//! How something is measured: by time, by allocations, or by what a tool counts from outside.
//!
//! A [`Way`] is one way of doing some work, and its pass does it once. The passes of all ways of a
//! [`Group`] take turns, so that whatever else the machine does meets all of them, and the median
//! of each counts.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The same work, done in several ways.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    /// The first is the limit: what the machine needs for the least that has to be done.
    pub(crate) ways: Vec<Way>,
    /// The way whose work those behind it do too.
    pub(crate) part: Option<usize>,
}

/// What a pass gets done.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    /// So many of these.
    Each(&'static str, u32),
    /// So many octets.
    Octets(u32),
}

pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// What has to be known of the figure.
    pub(crate) note: String,
    pub(crate) pass: Box<dyn FnMut(&mut Meter)>,
}

impl Way {
    pub(crate) fn new(name: &'static str, pass: impl FnMut(&mut Meter) + 'static) -> Self {
        Self {
            name,
            note: String::new(),
            pass: Box::new(pass),
        }
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Those of one pass.
    pub(crate) fn allocations(&mut self) -> f64 {
        let mut meter = Meter::Allocations(0);
        (self.pass)(&mut meter);
        let Meter::Allocations(count) = meter else {
            unreachable!("a pass leaves the kind of meter as it is");
        };
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let count = count as f64;
        count
    }
}

/// Measures a part of a pass; what a pass prepares stays out of it.
pub(crate) enum Meter {
    Time(Duration),
    Allocations(u64),
    /// Nothing but the call, which callgrind counts.
    Outside,
}

impl Meter {
    pub(crate) fn measure(&mut self, mut work: impl FnMut()) {
        match self {
            Self::Time(spent) => {
                let begin = Instant::now();
                measured(&mut work);
                *spent += begin.elapsed();
            }
            Self::Allocations(count) => {
                *count += allocation_counter::measure(|| measured(&mut work)).count_total;
            }
            Self::Outside => measured(&mut work),
        }
    }
}

/// The function that callgrind is told to count in.
#[inline(never)]
pub(crate) fn measured(work: &mut dyn FnMut()) {
    black_box(work)();
}

/// What a way came to.
pub(crate) struct Figures {
    /// Nanoseconds a pass, the median.
    pub(crate) nanoseconds: f64,
    /// Allocations a pass.
    pub(crate) allocations: f64,
}

/// Passes of each way at the least, and how long they may take in all before that is enough.
const PASSES: usize = 11;
const ENOUGH: Duration = Duration::from_secs(2);

impl Group {
    pub(crate) fn run(&mut self) -> Vec<Figures> {
        let mut times = vec![Vec::new(); self.ways.len()];
        let begin = Instant::now();
        while times[0].len() < PASSES || begin.elapsed() < ENOUGH {
            for (way, times) in self.ways.iter_mut().zip(&mut times) {
                let mut meter = Meter::Time(Duration::ZERO);
                (way.pass)(&mut meter);
                if let Meter::Time(spent) = meter {
                    times.push(spent.as_secs_f64() * 1e9);
                }
            }
        }
        let all = self.ways.iter_mut().zip(times);
        all.map(|(way, mut times)| {
            times.sort_unstable_by(f64::total_cmp);
            Figures {
                nanoseconds: times[times.len() / 2],
                allocations: way.allocations(),
            }
        })
        .collect()
    }
}
