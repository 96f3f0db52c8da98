//! Inputs made of others: a cut, a copy, a word put in, two spliced.

use crate::random::Random;

/// `count` mutations of `seeds`, with `words` put in here and there.
pub(crate) fn mutations<'s>(
    seeds: &'s [Vec<u8>],
    words: &'s [&'s [u8]],
    mut random: Random,
    count: usize,
) -> impl Iterator<Item = Vec<u8>> + 's {
    (0..count).map(move |_| {
        let mut input = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(3) {
            mutate(&mut input, seeds, words, &mut random);
        }
        input
    })
}

fn mutate(input: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&[u8]], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let end = at + random.below(input.len() - at + 1).min(8);
    match random.below(6) {
        0 => drop(input.drain(at..end)),
        1 => {
            let copied = input[at..end].to_vec();
            input.splice(at..at, copied);
        }
        2 | 3 => {
            input.splice(at..at, random.one_of(words).iter().copied());
        }
        4 => {
            input.splice(at..end, random.one_of(words).iter().copied());
        }
        _ => {
            let other = &seeds[random.below(seeds.len())];
            let behind = random.below(other.len() + 1);
            input.splice(at.., other[behind..].iter().copied());
        }
    }
}
