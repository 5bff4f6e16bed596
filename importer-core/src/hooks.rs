//! Post-import hooks: functions that run when a module has been imported.

mod hook;
mod slot;

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::time::Instant;

use parking_lot::Mutex;
use tracing::{debug, warn};

pub use hook::{Frequency, Hook, HookId, Load, OnFailure};
use slot::Slot;

/// Hooks by module name, for any number of threads.
///
/// `M` is a handle to a module object and `E` is a hook's error; the registry knows nothing else about either.
///
/// * Hooks of one name run in the order in which they were registered, once per module object.
/// * They are kept: a new module object of that name, after a failed import or a deletion, runs them all again.
///   A reload runs only those of [`Frequency::EveryLoad`], and any that this module object has not had yet.
/// * A hook registered for a module that is loaded runs at once. A hook registered while the module is still loading runs when
///   it has loaded; if that load fails, it waits for the next.
/// * When a hook fails, [`Loading::finish`] gives its error and runs no more; all hooks are kept for the next try.
///   A hook of [`OnFailure::Log`] is only logged.
/// * No lock is held while a hook runs, while a module is looked for, or while a hook is dropped:
///   a hook may import, register, unregister.
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::{Arc, Mutex};
/// use importer_core::{Hook, Hooks, Load};
///
/// let seen = Arc::new(Mutex::new(Vec::new()));
/// let log = Arc::clone(&seen);
/// let hooks: Hooks<String, Infallible> = Hooks::new();
/// let hook = Hook::new("note", move |module: &String| Ok(log.lock().unwrap().push(module.clone())));
/// let (_, outcome) = hooks.register("json", hook, || None);
/// assert!(outcome.is_ok());
///
/// let loading = hooks.begin("json");
/// // The module's code runs here, and it is bound in its parent.
/// assert!(loading.finish(&"<module json>".to_owned(), Load::First).is_ok());
/// assert_eq!(*seen.lock().unwrap(), ["<module json>"]);
/// ```
pub struct Hooks<M, E> {
    registry: Mutex<Registry<M, E>>,
}

struct Registry<M, E> {
    slots: HashMap<String, Slot<M, E>>,
    last_id: u64,
}

impl<M, E> Default for Hooks<M, E> {
    fn default() -> Self {
        Self { registry: Mutex::new(Registry { slots: HashMap::new(), last_id: 0 }) }
    }
}

impl<M, E: Display> Hooks<M, E> {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether any hook is registered for that name.
    pub fn has_hooks(&self, name: &str) -> bool {
        self.registry.lock().slots.get(name).is_some_and(Slot::has_hooks)
    }

    /// Whether the code of that module is running: [`begin`](Self::begin) was called, and the load has not ended.
    pub fn is_loading(&self, name: &str) -> bool {
        self.registry.lock().slots.get(name).is_some_and(Slot::is_loading)
    }

    /// Registers a hook, and runs it at once if `find_loaded` gives the module.
    ///
    /// `find_loaded` gives the module only when it is *fully* loaded, not while its code still runs. It is not asked when
    /// this registry knows that the module is loading. However this call and an import of the module in another thread
    /// interleave, the hook runs once: either here, or in that import.
    ///
    /// The result is that of the run made here; the hook stays registered even if it failed.
    pub fn register(
        &self,
        name: &str,
        hook: Hook<M, E>,
        find_loaded: impl FnOnce() -> Option<M>,
    ) -> (HookId, Result<(), E>) {
        // The hook is in the queue before the module is looked for. The other order would lose it when the module
        // finishes loading in between: too late for its `finish`, too early for `find_loaded`.
        let (id, is_loading) = {
            let mut registry = self.registry.lock();
            registry.last_id += 1;
            let id = HookId(registry.last_id);
            let slot = registry.slots.entry(name.to_owned()).or_default();
            slot.push(id, hook);
            (id, slot.is_loading())
        };
        if is_loading {
            return (id, Ok(()));
        }
        let Some(module) = find_loaded() else { return (id, Ok(())) };
        // In between, a whole import may have run it, or one may have begun whose `finish` will.
        let claimed =
            self.registry.lock().slots.get_mut(name).and_then(|slot| slot.claim_at_once(id));
        let outcome = claimed.map_or(Ok(()), |hook| run(name, &hook, &module));
        (id, outcome)
    }

    /// Takes a hook out; false when it is not there (any more). A hook that is running at that moment runs to its end.
    pub fn unregister(&self, id: HookId) -> bool {
        let removed = {
            let mut registry = self.registry.lock();
            let removed = registry.slots.values_mut().find_map(|slot| slot.remove(id));
            registry.slots.retain(|_, slot| slot.is_used());
            removed
        };
        // Hooks are dropped only here, outside the lock: the values in a hook may run code of their own when they are dropped.
        removed.is_some()
    }

    /// Says that the code of that module is about to run. Hooks registered from now on wait for the end of the load.
    pub fn begin(&self, name: &str) -> Loading<'_, M, E> {
        self.registry.lock().slots.entry(name.to_owned()).or_default().begin();
        Loading { hooks: self, name: name.to_owned(), is_open: true }
    }
}

impl<M, E> fmt::Debug for Hooks<M, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

/// A module that is being loaded. Dropping it without [`finish`](Self::finish) says that the import failed.
#[must_use = "dropping it says that the import failed"]
pub struct Loading<'a, M, E> {
    hooks: &'a Hooks<M, E>,
    name: String,
    /// Until it has been said that the load ended.
    is_open: bool,
}

impl<M, E: Display> Loading<'_, M, E> {
    /// Says that the module is loaded and bound in its parent, and runs its hooks in order, also those that are registered
    /// meanwhile. The first error of a hook that is not log-only ends it and is given back: the import has failed.
    pub fn finish(mut self, module: &M, load: Load) -> Result<(), E> {
        let mut round = None;
        loop {
            // One hook is claimed at a time, so that hooks that it registers or takes out count for this very load.
            let claimed = {
                let mut registry = self.hooks.registry.lock();
                let Some(slot) = registry.slots.get_mut(&self.name) else { break };
                let round = round.get_or_insert_with(|| slot.open_round(load));
                let claimed = slot.claim(round);
                if claimed.is_none() {
                    // Under the same lock that found no hook left: one registered from here on is run by its registrant.
                    self.is_open = false;
                    registry.end_load(&self.name);
                }
                claimed
            };
            let Some(hook) = claimed else { break };
            run(&self.name, &hook, module)?;
        }
        Ok(())
    }
}

impl<M, E> Drop for Loading<'_, M, E> {
    fn drop(&mut self) {
        if self.is_open {
            self.hooks.registry.lock().end_load(&self.name);
        }
    }
}

impl<M, E> fmt::Debug for Loading<'_, M, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loading").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<M, E> Registry<M, E> {
    fn end_load(&mut self, name: &str) {
        if let Some(slot) = self.slots.get_mut(name) {
            slot.end();
            if !slot.is_used() {
                // Nothing but the count of loads goes: a slot without hooks drops no code of others under the lock.
                self.slots.remove(name);
            }
        }
    }
}

/// Runs one hook. Nothing of the registry is locked here.
fn run<M, E: Display>(module_name: &str, hook: &Hook<M, E>, module: &M) -> Result<(), E> {
    let start = Instant::now();
    let outcome = hook.call(module);
    debug!(module = module_name, hook = hook.label(), elapsed = ?start.elapsed(), ok = outcome.is_ok(), "ran post-import hook");
    match (outcome, hook.failure_policy()) {
        (Err(error), OnFailure::Log) => {
            warn!(module = module_name, hook = hook.label(), %error, "post-import hook failed");
            Ok(())
        }
        (outcome, OnFailure::Log | OnFailure::Propagate) => outcome,
    }
}
