//! How octets come in segments.

use std::ops::Range;

/// The most octets that are cut in three at every two places.
const SHORT: usize = 40;

/// Where to cut so many octets: nowhere, behind each, at every place, at every two places where they are
/// few, and in all the ways there are within and right around `window`.
pub(crate) fn cuts(octets: usize, window: &Range<usize>) -> Vec<Vec<usize>> {
    let mut cuts = vec![vec![], (1..octets).collect()];
    cuts.extend((1..octets).map(|at| vec![at]));
    if octets <= SHORT {
        cuts.extend((1..octets).flat_map(|one| (one + 1..octets).map(move |two| vec![one, two])));
    }
    let places: Vec<_> = (window.start.max(1)..=window.end.min(octets - 1)).collect();
    let ways = (0..1_usize << places.len()).map(|way| {
        let chosen = places.iter().enumerate();
        let chosen = chosen.filter(|(bit, _)| way & (1 << bit) != 0);
        chosen.map(|(_, &place)| place).collect()
    });
    cuts.extend(ways);
    cuts
}

/// The segments that come of it.
pub(crate) fn segments<'o>(octets: &'o [u8], cuts: &[usize]) -> impl Iterator<Item = &'o [u8]> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([octets.len()]);
    starts.zip(ends).map(|(start, end)| &octets[start..end])
}
