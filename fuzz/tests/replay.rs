//! The corpora, and what a hunt would make of them in its first seconds, on stable.

mod common;

use smtp_fuzz::dialogue::Session;
use smtp_fuzz::{TARGETS, Target};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;

/// What single octets are changed to.
const SWAPS: [u8; 6] = [b'\r', b'\n', b'.', 0, b' ', 0x80];

/// The longest input that is also tried mutated at every octet.
const MUTATED: usize = 700;

/// How many mutations of one file are tried at most.
const MUTATIONS: u64 = 120;

fn corpus(target: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(common::root().join("corpus").join(target)).expect("a corpus");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

/// Runs a target, and where it panics says what it was given.
fn run(target: Target, input: &[u8], origin: &str) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) {
        eprintln!("{origin}: \"{}\"", input.escape_ascii());
        resume_unwind(panic);
    }
}

/// A small generator (xorshift64), so that every run does the same.
struct Seed(u64);

impl Seed {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[test]
fn every_file_of_the_corpora_keeps_the_rules() {
    for (name, target) in TARGETS {
        let files = corpus(name);
        assert!(files.len() >= 8, "{name} has a corpus");
        for file in files {
            let input = fs::read(&file).expect("a readable file");
            run(target, &input, &file.display().to_string());
        }
    }
}

#[test]
fn every_file_of_the_corpora_keeps_the_rules_when_it_is_cut_short_or_an_octet_changes() {
    for (name, target) in TARGETS {
        let mut seed = Seed(0x5321);
        for file in corpus(name) {
            let mut input = fs::read(&file).expect("a readable file");
            input.truncate(MUTATED);
            let all = (input.len() * (1 + SWAPS.len())) as u64;
            for at in 0..input.len() {
                let mut mutants = vec![input[..at].to_vec()];
                mutants.extend(SWAPS.map(|octet| {
                    let mut mutant = input.clone();
                    mutant[at] = octet;
                    mutant
                }));
                for mutant in mutants {
                    if seed.next() % all < MUTATIONS {
                        run(
                            target,
                            &mutant,
                            &format!("{} changed at {at}", file.display()),
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn every_word_of_the_dictionary_keeps_the_rules_wherever_it_stands() {
    let words = common::words();
    assert!(words.len() > 150);
    for (name, target) in TARGETS {
        let mut seed = Seed(0x2821);
        for file in corpus(name) {
            let input = fs::read(&file).expect("a readable file");
            let start = input
                .iter()
                .position(|&octet| octet == b'\n')
                .map_or(0, |at| at + 1);
            for word in &words {
                let room = (input.len().min(MUTATED) - start.min(MUTATED) + 1) as u64;
                let at = start + usize::try_from(seed.next() % room).expect("a small number");
                if seed.next().is_multiple_of(8) {
                    let mutant = [&input[..at], word, &input[at..]].concat();
                    run(
                        target,
                        &mutant,
                        &format!("{} and a word at {at}", file.display()),
                    );
                }
            }
        }
    }
}

#[test]
fn sessions_that_make_sense_keep_the_rules() {
    let mut seed = Seed(0x821);
    for _ in 0..1500 {
        let octets: Vec<u8> = (0..40).flat_map(|_| seed.next().to_le_bytes()).collect();
        run(smtp_fuzz::dialogue, &octets, "dialogue");
    }
}

#[test]
fn values_of_every_kind_keep_the_rules() {
    let mut seed = Seed(0x3030);
    for target in [smtp_fuzz::extensions, smtp_fuzz::capabilities] {
        for _ in 0..10_000 {
            let octets: Vec<u8> = (0..20).flat_map(|_| seed.next().to_le_bytes()).collect();
            run(target, &octets, "values");
        }
    }
}

#[test]
fn a_session_is_written_as_the_server_target_takes_it() {
    use arbitrary::{Arbitrary, Unstructured};
    let session = Session::arbitrary(&mut Unstructured::new(&[0; 64])).expect("a session");
    let input = session.to_input();
    assert!(input.starts_with(b"- "), "{}", input.escape_ascii());
    assert!(input.contains(&b'\n'));
}
