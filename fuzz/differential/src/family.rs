//! One kind of octets with all that read it, and the classes of differences that are found among
//! them.

use crate::escape::escape;
use crate::reading::{Difference, Reader, Reading};
use std::collections::{BTreeMap, BTreeSet};

/// A cell for a peer that reads an example as we do.
pub(crate) const SAME: &str = "=";
/// … that doesn't know that kind of octets.
pub(crate) const UNKNOWN: &str = "–";
/// … that differs in that way on other octets.
pub(crate) const ELSEWHERE: &str = "elsewhere";

/// A kind of octets.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) ours: fn(&[u8]) -> Reading,
    pub(crate) peers: Vec<Reader>,
    /// The rule that gives a difference its class.
    pub(crate) class: fn(&Case<'_>) -> String,
}

/// A difference between us and one peer.
pub(crate) struct Case<'c> {
    pub(crate) input: &'c [u8],
    pub(crate) ours: &'c Reading,
    pub(crate) theirs: &'c Reading,
    pub(crate) peer: &'c Reader,
    pub(crate) difference: Difference,
}

/// A class of differences.
pub(crate) struct Class {
    /// Octets that as many peers as possible read in another way than we do, as few as possible.
    pub(crate) example: Vec<u8>,
    /// Which peers differ on them.
    on_example: BTreeSet<usize>,
    /// Which peers differ on any input.
    pub(crate) peers: BTreeSet<usize>,
}

pub(crate) type Classes = BTreeMap<String, Class>;

impl Family {
    /// Whether a class of that name is one of its own.
    pub(crate) fn owns(&self, class: &str) -> bool {
        class
            .split_once('-')
            .is_some_and(|(family, _)| family == self.name)
    }

    /// The classes that an input shows, each with the peers that differ.
    fn classes_of(&self, input: &[u8]) -> BTreeMap<String, BTreeSet<usize>> {
        let ours = (self.ours)(input);
        let mut classes = BTreeMap::<String, BTreeSet<usize>>::new();
        for (at, peer) in self.peers.iter().enumerate() {
            let theirs = peer.try_read(input);
            for difference in ours.differences(&theirs) {
                let case = Case {
                    input,
                    ours: &ours,
                    theirs: &theirs,
                    peer,
                    difference,
                };
                let name = format!("{}-{}", self.name, (self.class)(&case));
                classes.entry(name).or_default().insert(at);
            }
        }
        classes
    }

    /// All classes that the inputs show. Those that are known have their known examples, where these
    /// still show them.
    pub(crate) fn compare(
        &self,
        inputs: impl IntoIterator<Item = Vec<u8>>,
        known: &BTreeMap<String, Vec<u8>>,
    ) -> Classes {
        let mut classes = Classes::new();
        for input in inputs {
            for (name, peers) in self.classes_of(&input) {
                let class = classes.entry(name).or_insert_with(|| Class {
                    example: input.clone(),
                    on_example: peers.clone(),
                    peers: BTreeSet::new(),
                });
                class.peers.extend(&peers);
                let more = peers.len().cmp(&class.on_example.len());
                if more.then(class.example.len().cmp(&input.len())).is_gt() {
                    class.example.clone_from(&input);
                    class.on_example = peers;
                }
            }
        }
        for (name, class) in &mut classes {
            let of_known = known
                .get(name)
                .filter(|example| self.classes_of(example).contains_key(name));
            match of_known {
                Some(example) => class.example.clone_from(example),
                None => self.shrink(name, class),
            }
        }
        classes
    }

    /// Takes away what the class doesn't need.
    fn shrink(&self, name: &str, class: &mut Class) {
        let mut length = class.example.len();
        while length > 0 {
            let mut at = 0;
            while at + length <= class.example.len() {
                let mut less = class.example.clone();
                less.drain(at..at + length);
                let peers = self.classes_of(&less).remove(name);
                if peers.is_some_and(|peers| peers.is_superset(&class.on_example)) {
                    class.example = less;
                } else {
                    at += 1;
                }
            }
            length /= 2;
        }
    }

    /// What each reader says of a class's example, ours first.
    pub(crate) fn cells(&self, name: &str, class: &Class) -> Vec<String> {
        let ours = (self.ours)(&class.example);
        let mut own = BTreeSet::new();
        let mut cells = vec![String::new()];
        for (at, peer) in self.peers.iter().enumerate() {
            let theirs = peer.try_read(&class.example);
            let mut all = ours.differences(&theirs).into_iter();
            let of_it = all.find(|&difference| {
                let case = Case {
                    input: &class.example,
                    ours: &ours,
                    theirs: &theirs,
                    peer,
                    difference,
                };
                format!("{}-{}", self.name, (self.class)(&case)) == name
            });
            cells.push(match (of_it, &theirs) {
                (Some(Difference::Reads(field)), _) => {
                    own.insert(told(field, &ours));
                    told(field, &theirs)
                }
                (Some(difference), _) => {
                    let takes = matches!(ours, Reading::Taken(_));
                    own.insert(if takes { "takes" } else { "refuses" }.to_owned());
                    match (difference, theirs.get("size")) {
                        // Where they think that the next command stands.
                        (Difference::Takes, Some(size)) => format!("takes, size {size}"),
                        _ => difference.to_string(),
                    }
                }
                (None, _) if class.peers.contains(&at) => ELSEWHERE.to_owned(),
                (None, Reading::Unknown) => UNKNOWN.to_owned(),
                (None, _) => SAME.to_owned(),
            });
        }
        cells[0] = own.into_iter().collect::<Vec<_>>().join("; ");
        cells
    }
}

fn told(field: &str, reading: &Reading) -> String {
    match reading.get(field).unwrap_or_default() {
        "" => format!("{field} nothing"),
        text => format!("{field} `{}`", escape(text.as_bytes())),
    }
}
