//! Post-import hooks.

use std::fmt::Display;
use std::marker::PhantomData;
use std::sync::Arc;

/// Whether a module object was made, or executed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Load {
    /// A new module object.
    First,
    /// The same module object, executed again.
    Reload,
}

/// What a failing hook does to the import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnFailure {
    /// The import fails with the hook's error.
    #[default]
    Propagate,
    /// A warning is logged and the import goes on.
    Log,
}

/// How often a hook runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Frequency {
    /// Once per module object.
    #[default]
    OncePerModule,
    /// After each reload too.
    EveryLoad,
}

/// What a registration is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HookId(u64);

type Run<M, E> = Arc<dyn Fn(&M) -> Result<(), E> + Send + Sync>;

/// Something to run after a module is imported.
pub struct Hook<M, E> {
    _run: Run<M, E>,
}

impl<M, E> Hook<M, E> {
    /// A hook that runs once per module object and fails the import when it fails; `label` stands in logs.
    pub fn new(
        _label: impl Into<String>,
        run: impl Fn(&M) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        Self { _run: Arc::new(run) }
    }
    /// Sets how often it runs.
    pub fn frequency(self, _frequency: Frequency) -> Self {
        self
    }
    /// Sets what its failure does.
    pub fn on_failure(self, _on_failure: OnFailure) -> Self {
        self
    }
}

/// The registry.
pub struct Hooks<M, E> {
    _hooks: PhantomData<fn(M) -> E>,
}

/// A module that is being loaded; dropping it unfinished says that the import failed.
#[must_use = "dropping it says that the import failed"]
pub struct Loading<'a, M, E> {
    _hooks: &'a Hooks<M, E>,
}

impl<M, E> Default for Hooks<M, E> {
    fn default() -> Self {
        Self { _hooks: PhantomData }
    }
}

impl<M: Clone + Send, E: Display + Send> Hooks<M, E> {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }
    /// Whether any hook waits for that name.
    pub fn has_hooks(&self, _name: &str) -> bool {
        todo!()
    }
    /// Registers a hook; runs it at once when the module is fully loaded already.
    pub fn register(
        &self,
        _name: &str,
        _hook: Hook<M, E>,
        _find_loaded: impl FnOnce() -> Option<M>,
    ) -> (HookId, Result<(), E>) {
        todo!()
    }
    /// Takes a hook out; false when it is not there.
    pub fn unregister(&self, _id: HookId) -> bool {
        todo!()
    }
    /// Says that the module's code is about to run.
    pub fn begin(&self, _name: &str) -> Loading<'_, M, E> {
        todo!()
    }
}

impl<M: Clone + Send, E: Display + Send> Loading<'_, M, E> {
    /// Says that the module is loaded and bound, and runs its hooks in order.
    pub fn finish(self, _module: &M, _load: Load) -> Result<(), E> {
        todo!()
    }
}
