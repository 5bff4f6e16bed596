//! `$ORIGIN`: paths that move with the executable.

use std::ffi::{OsStr, OsString};

use crate::config::{PythonInterpreterConfig, RunTarget};

impl PythonInterpreterConfig {
    /// A copy in which `$ORIGIN` in every path field is the folder `origin`, in which the executable lies.
    ///
    /// The word has its meaning for the dynamic linker (`man 8 ld.so`): `${ORIGIN}` is the same, `$ORIGINAL` is another
    /// word and stays. The inserted text is not read again. Arguments, source text and options are no paths and stay as they are.
    ///
    /// ```
    /// use interp_config::PythonInterpreterConfig;
    ///
    /// let config = PythonInterpreterConfig {
    ///     module_search_paths: vec!["$ORIGIN/lib".to_owned()],
    ///     ..PythonInterpreterConfig::default()
    /// };
    /// assert_eq!(config.resolve("/opt/app").module_search_paths, ["/opt/app/lib"]);
    /// ```
    #[must_use]
    pub fn resolve(&self, origin: &str) -> Self {
        // Text in text is text.
        let path =
            |path: &String| with_origin(path, OsStr::new(origin)).to_string_lossy().into_owned();
        let paths = |paths: &[String]| paths.iter().map(path).collect();
        let run = match &self.run {
            RunTarget::Script(script) => RunTarget::Script(path(script)),
            RunTarget::Module(_)
            | RunTarget::EntryPoint(_)
            | RunTarget::Code(_)
            | RunTarget::Repl
            | RunTarget::Auto => self.run.clone(),
        };
        Self {
            run,
            module_search_paths: paths(&self.module_search_paths),
            tcl_library: self.tcl_library.as_ref().map(path),
            terminfo_dirs: paths(&self.terminfo_dirs),
            ssl_cert_file: self.ssl_cert_file.as_ref().map(path),
            ssl_cert_dir: self.ssl_cert_dir.as_ref().map(path),
            ..self.clone()
        }
    }
}

/// A path in which `$ORIGIN` is the folder `origin`, as [`PythonInterpreterConfig::resolve`] says; the name of a folder
/// need not be text.
#[must_use]
pub fn with_origin(path: &str, origin: &OsStr) -> OsString {
    let mut resolved = OsString::with_capacity(path.len() + origin.len());
    let is_root =
        origin.as_encoded_bytes().ends_with(b"/") || origin.as_encoded_bytes().ends_with(b"\\");
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('$') {
        resolved.push(before);
        if let Some(after) = strip_origin(after) {
            resolved.push(origin);
            // An executable in the root folder: `/` and `/lib` make `/lib`.
            rest = after;
            if is_root {
                rest = after.strip_prefix(['/', '\\']).unwrap_or(after);
            }
        } else {
            resolved.push("$");
            rest = after;
        }
    }
    resolved.push(rest);
    resolved
}

/// The text that follows the word, if the text behind a `$` begins with it.
fn strip_origin(text: &str) -> Option<&str> {
    if let Some(after) = text.strip_prefix("{ORIGIN}") {
        return Some(after);
    }
    let after = text.strip_prefix("ORIGIN")?;
    let is_longer_word = after.starts_with(|next: char| next == '_' || next.is_alphanumeric());
    (!is_longer_word).then_some(after)
}
