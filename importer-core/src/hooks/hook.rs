//! One hook and the choices about it.

use std::fmt;
use std::sync::Arc;

/// Whether a module object was made, or executed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Load {
    /// A new module object.
    First,
    /// The same module object, executed again.
    Reload,
    /// A module object that was loaded before, and is not executed now: it gets the hooks that it has not had yet.
    Earlier,
}

/// The effect of a failing hook on the import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnFailure {
    /// The import fails with the hook's error.
    #[default]
    Propagate,
    /// A warning is logged and the import goes on.
    Log,
}

/// The frequency with which a hook runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Frequency {
    /// Once per module object.
    #[default]
    OncePerModule,
    /// After each reload too.
    EveryLoad,
}

/// The number of one registration; never used again for another in the same registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookId(pub(super) u64);

impl From<HookId> for u64 {
    fn from(id: HookId) -> Self {
        id.0
    }
}

/// For callers that keep ids as numbers. A number that was never an id unregisters nothing.
impl From<u64> for HookId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

type Function<M, E> = dyn Fn(&M) -> Result<(), E> + Send + Sync;

/// Something to run after a module has been imported.
pub struct Hook<M, E> {
    label: String,
    function: Arc<Function<M, E>>,
    frequency: Frequency,
    on_failure: OnFailure,
}

impl<M, E> Hook<M, E> {
    /// A hook that runs once per module object and whose failure fails the import; `label` stands in logs.
    pub fn new(
        label: impl Into<String>,
        function: impl Fn(&M) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        Self {
            label: label.into(),
            function: Arc::new(function),
            frequency: Frequency::default(),
            on_failure: OnFailure::default(),
        }
    }

    /// The same hook, run that often.
    #[must_use]
    pub fn frequency(self, frequency: Frequency) -> Self {
        Self { frequency, ..self }
    }

    /// The same hook, whose failure does that.
    #[must_use]
    pub fn on_failure(self, on_failure: OnFailure) -> Self {
        Self { on_failure, ..self }
    }

    /// Its name in logs.
    pub fn label(&self) -> &str {
        &self.label
    }

    pub(super) fn call(&self, module: &M) -> Result<(), E> {
        (self.function)(module)
    }

    pub(super) fn failure_policy(&self) -> OnFailure {
        self.on_failure
    }

    pub(super) fn how_often(&self) -> Frequency {
        self.frequency
    }
}

impl<M, E> Clone for Hook<M, E> {
    fn clone(&self) -> Self {
        Self { label: self.label.clone(), function: Arc::clone(&self.function), ..*self }
    }
}

impl<M, E> fmt::Debug for Hook<M, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { label, function: _, frequency, on_failure } = self;
        f.debug_struct("Hook")
            .field("label", label)
            .field("frequency", frequency)
            .field("on_failure", on_failure)
            .finish_non_exhaustive()
    }
}
