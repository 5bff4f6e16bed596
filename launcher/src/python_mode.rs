//! Whether a process is its application or `python`: pure.

use interp_config::PythonMode;

/// The request to a process to be `python`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PythonRequest {
    /// The variable, its name, or a parent that is one asked for it.
    #[cfg_attr(
        not(any(test, feature = "runtime")),
        expect(dead_code, reason = "the runtime reads the word")
    )]
    ByWord,
    /// A command line of `python`'s shape asked for it.
    ByCommandLine,
}

/// Whether the wish is followed. A command line such as `-c TEXT` may as well be the application's own options, so only the
/// application itself means `python` by it.
pub(crate) fn is_heard(mode: PythonMode, asked: PythonRequest, started_by_this: bool) -> bool {
    match (mode, asked) {
        (PythonMode::Never, _) => false,
        (PythonMode::Always, PythonRequest::ByWord) => true,
        (PythonMode::Always, PythonRequest::ByCommandLine) | (PythonMode::Children, _) => {
            started_by_this
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_have_a_python() {
        use PythonRequest::{ByCommandLine, ByWord};
        for (mode, asked, from_this, from_another) in [
            (PythonMode::Never, ByWord, false, false),
            (PythonMode::Never, ByCommandLine, false, false),
            (PythonMode::Children, ByWord, true, false),
            (PythonMode::Children, ByCommandLine, true, false),
            (PythonMode::Always, ByWord, true, true),
            (PythonMode::Always, ByCommandLine, true, false),
        ] {
            let found = (is_heard(mode, asked, true), is_heard(mode, asked, false));
            assert_eq!(found, (from_this, from_another), "{mode} {asked:?}");
        }
    }
}
