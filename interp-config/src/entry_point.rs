//! Names of Python things: dotted modules, and entry points such as `package.module:function`.

use std::fmt;
use std::str::FromStr;

use crate::error::{ENTRY_POINT_SHAPE, ParseEntryPointError};

/// A function of a module, written `package.module:function` as in `[project.scripts]`.
///
/// ```
/// use interp_config::EntryPoint;
///
/// let entry: EntryPoint = "black:patched_main".parse()?;
/// assert_eq!((entry.module.as_str(), entry.attribute.as_str()), ("black", "patched_main"));
///
/// let error = "black.patched_main".parse::<EntryPoint>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "bad entry point `black.patched_main`: there is no `:`; did you mean `black:patched_main`? \
///      allowed: `package.module:function`"
/// );
/// # Ok::<(), interp_config::ParseEntryPointError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryPoint {
    /// The module that is imported, with its packages.
    pub module: String,
    /// The attribute of the module that is called; it may be dotted, as in `Application.main`.
    pub attribute: String,
}

impl EntryPoint {
    /// The form of an entry point, for messages.
    pub(crate) const SHAPE: &str = ENTRY_POINT_SHAPE;
}

impl fmt::Display for EntryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.module, self.attribute)
    }
}

impl FromStr for EntryPoint {
    type Err = ParseEntryPointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |problem: String| ParseEntryPointError::new(text, problem, suggestion(text));
        let Some((module, attribute)) = text.split_once(':') else {
            return Err(fail("there is no `:`".to_owned()));
        };
        check_dotted("the module before the `:`", module).map_err(fail)?;
        check_dotted("the name after the `:`", attribute).map_err(fail)?;
        Ok(Self { module: module.to_owned(), attribute: attribute.to_owned() })
    }
}

/// The probable meaning: spaces and the call's parentheses dropped, and the last dot read as the colon when there is none.
fn suggestion(text: &str) -> Option<String> {
    let compact: String = text.split_whitespace().collect();
    let compact = compact.strip_suffix("()").unwrap_or(&compact);
    let (module, attribute) = compact.split_once(':').or_else(|| compact.rsplit_once('.'))?;
    // A file was named. The module in it is known, the function is not.
    if attribute == "py" {
        return None;
    }
    let sound = check_dotted("", module).is_ok() && check_dotted("", attribute).is_ok();
    sound.then(|| format!("{module}:{attribute}"))
}

/// Says what is wrong with a name made of identifiers and dots, if anything is.
fn check_dotted(what: &str, name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(format!("{what} is empty"));
    }
    for part in name.split('.') {
        let mut characters = part.chars();
        let Some(first) = characters.next() else {
            return Err(format!("{what} has a dot too many"));
        };
        let stranger = if is_identifier_start(first) {
            characters.find(|&character| !is_identifier_continue(character))
        } else {
            Some(first)
        };
        if let Some(stranger) = stranger {
            let part = part.escape_debug();
            return Err(format!(
                "{what} has {stranger:?} in `{part}`, which is no Python identifier"
            ));
        }
    }
    Ok(())
}

fn is_identifier_start(character: char) -> bool {
    character == '_' || unicode_ident::is_xid_start(character)
}

fn is_identifier_continue(character: char) -> bool {
    unicode_ident::is_xid_continue(character)
}
