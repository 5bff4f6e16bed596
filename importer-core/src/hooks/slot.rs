//! The registry's state of one name. It is pure: everything here happens under the registry's lock and calls nobody.
//!
//! The registry cannot tell module objects apart, so it counts them: a *generation* is one module object of the name,
//! and each `finish` of a first load opens the next. An entry remembers the newest generation it was claimed for.
//! A hook is *claimed* under the lock before it runs without it, so another thread sees that it is taken.

use std::sync::Arc;

use super::hook::{Frequency, Hook, HookId, Load};

pub(super) struct Slot<M, E> {
    /// In the order of registration, hence of their ids.
    entries: Vec<Entry<M, E>>,
    /// The number of loads of this name that are under way: more than one when a module's code or a hook loads its own name again.
    loads: usize,
    generation: u64,
}

struct Entry<M, E> {
    id: HookId,
    hook: Arc<Hook<M, E>>,
    claimed_for: Option<u64>,
}

/// One `finish` on its way through the entries.
pub(super) struct Round {
    load: Load,
    generation: u64,
    /// The last entry it came to: it never goes back, however many rounds of the same name run at once.
    cursor: Option<HookId>,
}

impl<M, E> Default for Slot<M, E> {
    fn default() -> Self {
        Self { entries: Vec::new(), loads: 0, generation: 0 }
    }
}

impl<M, E> Slot<M, E> {
    pub(super) fn push(&mut self, id: HookId, hook: Hook<M, E>) {
        self.entries.push(Entry { id, hook: Arc::new(hook), claimed_for: None });
    }

    pub(super) fn remove(&mut self, id: HookId) -> Option<Arc<Hook<M, E>>> {
        let place = self.entries.iter().position(|entry| entry.id == id)?;
        Some(self.entries.remove(place).hook)
    }

    pub(super) fn has_hooks(&self) -> bool {
        !self.entries.is_empty()
    }

    pub(super) fn is_loading(&self) -> bool {
        self.loads > 0
    }

    pub(super) fn is_used(&self) -> bool {
        self.has_hooks() || self.is_loading()
    }

    pub(super) fn begin(&mut self) {
        self.loads += 1;
    }

    pub(super) fn end(&mut self) {
        self.loads = self.loads.saturating_sub(1);
    }

    pub(super) fn open_round(&mut self, load: Load) -> Round {
        match load {
            Load::First => self.generation += 1,
            Load::Reload | Load::Earlier => {}
        }
        Round { load, generation: self.generation, cursor: None }
    }

    /// The next hook of that round, taken.
    pub(super) fn claim(&mut self, round: &mut Round) -> Option<Arc<Hook<M, E>>> {
        let entry = self
            .entries
            .iter_mut()
            .find(|entry| round.cursor < Some(entry.id) && entry.is_due(round))?;
        round.cursor = Some(entry.id);
        entry.claimed_for = entry.claimed_for.max(Some(round.generation));
        Some(Arc::clone(&entry.hook))
    }

    /// The hook of that number, taken for the module that its registrant found loaded; `None` when a load has run it or will.
    pub(super) fn claim_at_once(&mut self, id: HookId) -> Option<Arc<Hook<M, E>>> {
        if self.is_loading() {
            return None;
        }
        let generation = self.generation;
        let entry =
            self.entries.iter_mut().find(|entry| entry.id == id && entry.claimed_for.is_none())?;
        entry.claimed_for = Some(generation);
        Some(Arc::clone(&entry.hook))
    }
}

impl<M, E> Entry<M, E> {
    /// Whether the round's module object still lacks this hook.
    fn is_due(&self, round: &Round) -> bool {
        match (self.hook.how_often(), round.load) {
            (Frequency::EveryLoad, Load::First | Load::Reload) => true,
            // A reload within the first load, from one of its hooks, may have run it for this very module object.
            (Frequency::OncePerModule, Load::First) => self.claimed_for != Some(round.generation),
            // Not yet for this module object: registered during this reload, or left over when an earlier hook failed.
            (Frequency::OncePerModule, Load::Reload) | (_, Load::Earlier) => {
                self.claimed_for < Some(round.generation)
            }
        }
    }
}
