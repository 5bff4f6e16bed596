//! Reads how many tests ran from the last lines of nextest and libtest.
//!
//! Only the final lines are read: nextest's machine-readable output is still an experiment, and libtest's is not stable.

/// Numbers of tests; several runs add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Tests that the runner itself left out: ignored ones and, for nextest, those that a filter did not choose.
    pub(crate) left_out: usize,
}

impl Counts {
    pub(crate) fn run(self) -> usize {
        self.passed + self.failed
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            left_out: self.left_out + other.left_out,
        }
    }

    /// The numbers in the final lines of `output`; `None` without such a line, which is not the same as no tests.
    pub(crate) fn parse(output: &str) -> Option<Self> {
        // Under nextest each test is a run of libtest with a result line of its own, shown with the test's output.
        if let Some(counts) = output.lines().filter_map(nextest_summary).next_back() {
            return Some(counts);
        }
        // Cargo runs one binary after the other.
        output.lines().filter_map(libtest_result).reduce(Self::plus)
    }
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s`
fn libtest_result(line: &str) -> Option<Counts> {
    let (_, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
    Some(sum(numbers.split(';')))
}

/// `Summary [   0.010s] 3/4 tests run: 1 passed (1 slow), 1 failed, 1 timed out, 0 skipped`
fn nextest_summary(line: &str) -> Option<Counts> {
    let (_, rest) = line.trim().strip_prefix(NEXTEST_SUMMARY)?.split_once(']')?;
    let (run, numbers) = rest.split_once(" run: ")?;
    let mut counts = sum(numbers.split(','));
    // `3/4 tests`: the run was cut short, and a test that never ran has not passed.
    if let Some((_, expected)) = run.split_whitespace().next()?.split_once('/') {
        counts.failed += expected.parse::<usize>().ok()?.saturating_sub(counts.run());
    }
    Some(counts)
}

/// The beginning of nextest's summary; the output of tests that passed comes below it.
pub(crate) const NEXTEST_SUMMARY: &str = "Summary [";

fn sum<'a>(parts: impl Iterator<Item = &'a str>) -> Counts {
    let mut counts = Counts::default();
    for part in parts {
        let mut words = part.split_whitespace();
        let Some(number) = words.next().and_then(|word| word.parse::<usize>().ok()) else {
            continue;
        };
        let kind: Vec<&str> = words.take_while(|word| !word.starts_with('(')).collect();
        match kind.join(" ").as_str() {
            "passed" => counts.passed += number,
            "ignored" | "skipped" => counts.left_out += number,
            "failed" | "timed out" | "exec failed" => counts.failed += number,
            // `measured` are benchmarks; `flaky` and `leaky` describe tests counted under another word; what libtest filtered
            // out was not asked for.
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_both_runners_are_read() {
        let check = |output: &str, expected: Option<(usize, usize, usize)>| {
            let counts =
                Counts::parse(output).map(|counts| (counts.passed, counts.failed, counts.left_out));
            assert_eq!(counts, expected, "{output}");
        };
        check("", None);
        check("error: could not compile `launcher`", None);
        check(
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            Some((0, 0, 0)),
        );
        check(
            "test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.00s",
            Some((3, 2, 1)),
        );
        check(
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\nnoise\n\
             test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
            Some((7, 0, 1)),
        );
        check(
            "  test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured\n     Summary [   0.010s] 2 tests run: 1 passed, 1 failed, 0 skipped\n\
             test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured",
            Some((1, 1, 0)),
        );
        check("     Summary [   0.010s] 4 tests run: 4 passed, 0 skipped", Some((4, 0, 0)));
        check("     Summary [   0.010s] 1 test run: 1 passed, 12 skipped", Some((1, 0, 12)));
        check(
            "     Summary [   0.010s] 5 tests run: 3 passed (1 slow, 1 leaky), 1 failed, 1 timed out, 2 skipped",
            Some((3, 2, 2)),
        );
        check(
            "     Summary [   0.010s] 2/5 tests run: 1 passed, 1 failed, 0 skipped",
            Some((1, 4, 0)),
        );
        check(
            "     Summary [   0.010s] 3 tests run: 3 passed (1 flaky), 0 skipped",
            Some((3, 0, 0)),
        );
        check(
            "     Summary [   0.010s] 2 tests run: 1 passed, 1 exec failed, 0 skipped",
            Some((1, 1, 0)),
        );
    }
}
