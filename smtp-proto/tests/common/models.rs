//! What the tests against models share.

use proptest::test_runner::Config;

/// So many cases, unless `PROPTEST_CASES` says how many.
pub(crate) fn cases(cases: u32) -> Config {
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    config
}
