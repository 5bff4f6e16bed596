//! The start method: decided by policy, applied when the archive serves `multiprocessing`.

use std::sync::Arc;

use interp_config::PythonInterpreterConfig;
use platform_policy::{Decision, Os, StartMethod, decide};
use target_lexicon::HOST;

use crate::build_kind::PYTHON_BUILD;
use crate::error::Error;
use crate::py::{
    Exception, Object, RegisteredHook, Token, import, is_in_archives, is_served_by_archive,
};

/// The module of ours that explains a second call.
const SUPPORT: &str = "_coldframe_workers";

/// The policy's decision for this system and these settings.
///
/// # Errors
///
/// [`ErrorKind::Usage`](crate::ErrorKind::Usage), for a method that this system does not have.
pub fn decision(config: &PythonInterpreterConfig) -> Result<Decision, Error> {
    Ok(decide(Os::of(&HOST), PYTHON_BUILD, config.multiprocessing_start_method)?)
}

/// The hook that applies a decision; none when Python's own default is to stay.
pub(crate) fn hook(decision: &Decision) -> Option<RegisteredHook> {
    let method = decision.method?;
    Some(RegisteredHook {
        module: "multiprocessing".into(),
        label: "start method".into(),
        run: Arc::new(move |py, module| apply(py, module, method)),
    })
}

/// Calls `multiprocessing.set_start_method`, if the archive serves that module. Here, and nowhere else, the method
/// becomes a string.
fn apply(py: Token<'_>, module: &Object, method: StartMethod) -> Result<(), Exception> {
    if is_served_by_archive(py, module)? {
        module.call_method(py, "set_start_method", &[&Object::text(py, method.as_str())?])?;
        if is_in_archives(py, SUPPORT)? {
            import(py, SUPPORT)?.call_method(py, "explain_start_method", &[module])?;
        }
        tracing::debug!(method = method.as_str(), "start method set");
    }
    Ok(())
}
