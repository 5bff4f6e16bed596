//! The Python that is here, asked for the start method it takes when nobody sets one.

use std::env;
use std::process::Command;

use platform_policy::{Os, StartMethod, documented_default};

/// Prints the version's second number and the start method.
const PROGRAM: &str =
    "import sys, multiprocessing as m; print(sys.version_info[1], m.get_start_method())";

/// The setting `none` leaves the documented default in place. `COLDFRAME_TEST_PYTHON` names the interpreter; otherwise it is
/// the `python3` of the search path.
#[test]
fn none_leaves_the_documented_default() {
    let named = env::var_os("COLDFRAME_TEST_PYTHON");
    let python = named.clone().unwrap_or_else(|| "python3".into());
    let output = match Command::new(&python).args(["-I", "-c", PROGRAM]).output() {
        Ok(output) => output,
        Err(error) if named.is_none() => {
            eprintln!("SKIPPED: {} cannot be started: {error}", python.display());
            return;
        }
        Err(error) => {
            panic!("COLDFRAME_TEST_PYTHON: {} cannot be started: {error}", python.display())
        }
    };
    let answer = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    let (minor, method) = answer.trim().split_once(' ').unwrap_or_else(|| panic!("{complaint}"));
    let minor = minor.parse().expect("a version number");
    let documented =
        documented_default(Os::of(&target_lexicon::HOST), minor).map(StartMethod::as_str);
    assert_eq!(Some(method), documented, "Python 3.{minor}, {}", python.display());
}
