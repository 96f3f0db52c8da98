//! How octets come in segments.

/// The most octets that are cut at every two places.
const SHORT: usize = 24;

/// Octets behind the input where cuts still matter.
const BEHIND: usize = 6;

/// Where to cut `octets`, of which the first `input` count: nowhere, behind each, at every place, at
/// every two places where they are few.
pub(super) fn cuts(octets: usize, input: usize) -> Vec<Vec<usize>> {
    let end = octets.min(input + BEHIND);
    let mut cuts = vec![vec![], (1..octets).collect()];
    cuts.extend((1..end).map(|at| vec![at]));
    if input <= SHORT {
        cuts.extend((1..end).flat_map(|one| (one + 1..end).map(move |two| vec![one, two])));
    }
    cuts
}

/// The segments that come of it.
pub(super) fn segments<'o>(octets: &'o [u8], cuts: &[usize]) -> Vec<&'o [u8]> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([octets.len()]);
    starts
        .zip(ends)
        .map(|(start, end)| &octets[start..end])
        .collect()
}
