//! Which `multiprocessing` start method a program gets on a platform, as a pure function with its reasons.
//!
//! ```
//! use interp_config::StartMethodSetting;
//! use platform_policy::{Os, PythonBuild, Reason, StartMethod, decide};
//! use target_lexicon::triple;
//!
//! let os = Os::of(&triple!("aarch64-apple-darwin"));
//! let decision = decide(os, PythonBuild::Framework, StartMethodSetting::Auto)?;
//! assert_eq!(decision.method, Some(StartMethod::Spawn));
//! assert_eq!(decision.reason, Reason::ForkBreaksFrameworks);
//! assert_eq!(
//!     decision.reason.to_string(),
//!     "fork and forkserver are buggy in a framework build of Python (bugs.python.org/issue33725)"
//! );
//!
//! // A method that the system does not have is an error before Python starts.
//! assert!(decide(Os::Windows, PythonBuild::NonFramework, StartMethodSetting::Fork).is_err());
//! # Ok::<(), platform_policy::Impossible>(())
//! ```
//!
//! # Why use this crate
//!
//! Launchers of others use it alone to choose a start method that works on a system and a build of Python, and to say why. It
//! does no I/O: the system and the setting are arguments.
//!
//! # Concepts
//!
//! * [`Os`] tells systems apart only as far as start methods differ; [`Os::of`] classifies a target triple.
//! * [`decide`] is the policy. Its answer carries the method, the [`Reason`] and, where there is one, a [`Caution`].
//! * [`documented_default`] is Python's own method, which the setting `none` leaves in place.
//!
//! # Limits
//!
//! The crate reads nothing: not the system it was compiled for, not the environment, not the Python that is there. The
//! platform is an argument, so that every row of the policy is tested on every machine. The `launcher` crate finds out where
//! a program runs, and calls `set_start_method()`.

#![forbid(unsafe_code)]

mod decide;
mod default;
mod method;
mod os;
mod triple_name;
mod words;

pub use decide::{Decision, decide};
pub use default::documented_default;
pub use method::{PythonBuild, StartMethod};
pub use os::Os;
pub use triple_name::UnknownTriple;
pub use words::{Caution, Impossible, Reason};
