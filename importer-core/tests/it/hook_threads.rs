//! Registering against importing, in threads: every hook runs exactly once, whoever is faster.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use importer_core::{Hook, HookId, Hooks, Load};

const ROUNDS: usize = 400;
const HOOKS: usize = 25;

fn counting(count: &Arc<AtomicUsize>) -> Hook<usize, String> {
    let count = Arc::clone(count);
    Hook::new("count", move |_: &usize| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(())
    })
}

/// When the module counts as fully loaded, seen from the thread that imports it.
#[derive(Clone, Copy)]
enum Visible {
    /// Like `__spec__._initializing`: before the hooks run.
    BeforeFinish,
    AfterFinish,
}

#[track_caller]
fn check(visible: Visible, registrants: usize) {
    for round in 0..ROUNDS {
        let hooks: Hooks<usize, String> = Hooks::new();
        let is_loaded = AtomicBool::new(false);
        let counts: Vec<_> =
            (0..registrants * HOOKS).map(|_| Arc::new(AtomicUsize::new(0))).collect();
        let start = Barrier::new(registrants + 1);
        thread::scope(|scope| {
            for counts in counts.chunks(HOOKS) {
                let (hooks, is_loaded, start) = (&hooks, &is_loaded, &start);
                scope.spawn(move || {
                    start.wait();
                    for count in counts {
                        let find_loaded = || is_loaded.load(Ordering::SeqCst).then_some(round);
                        hooks.register("a", counting(count), find_loaded).1.unwrap();
                    }
                });
            }
            start.wait();
            let loading = hooks.begin("a");
            if matches!(visible, Visible::BeforeFinish) {
                is_loaded.store(true, Ordering::SeqCst);
            }
            loading.finish(&round, Load::First).unwrap();
            is_loaded.store(true, Ordering::SeqCst);
        });
        // Hooks that fell between the end of the import and the moment it was visible wait: no load and no look-up saw them.
        // The gap is the caller's; it closes when the module is visible before `finish`.
        let runs: Vec<_> = counts.iter().map(|count| count.load(Ordering::SeqCst)).collect();
        match visible {
            Visible::BeforeFinish => {
                assert!(runs.iter().all(|runs| *runs == 1), "round {round}: {runs:?}");
            }
            Visible::AfterFinish => {
                assert!(runs.iter().all(|runs| *runs <= 1), "round {round}: {runs:?}");
            }
        }
        hooks.begin("a").finish(&round, Load::Reload).unwrap();
        assert!(
            counts.iter().all(|count| count.load(Ordering::SeqCst) == 1),
            "round {round}: a reload catches up"
        );
    }
}

#[test]
fn registering_against_an_import_runs_each_hook_once() {
    check(Visible::BeforeFinish, 1);
    check(Visible::BeforeFinish, 3);
    check(Visible::AfterFinish, 2);
}

#[test]
fn many_imports_registrations_and_removals_end() {
    let hooks: Hooks<usize, String> = Hooks::new();
    let runs = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for worker in 0..4 {
            let (hooks, runs) = (&hooks, &runs);
            scope.spawn(move || {
                for n in 0..500 {
                    let name = ["a", "b", "a.b"][(n + worker) % 3];
                    let ids: Vec<HookId> =
                        (0..3).map(|_| hooks.register(name, counting(runs), || None).0).collect();
                    hooks.begin(name).finish(&n, Load::First).unwrap();
                    assert!(ids.into_iter().all(|id| hooks.unregister(id)));
                }
            });
        }
    });
    assert!(runs.load(Ordering::SeqCst) >= 4 * 500 * 3);
    assert!(["a", "b", "a.b"].into_iter().all(|name| !hooks.has_hooks(name)));
}

#[test]
fn a_hook_may_wait_for_another_thread_that_uses_the_registry() {
    // With a lock held around the hook this would never end.
    let hooks: Arc<Hooks<usize, String>> = Arc::default();
    let other = Arc::clone(&hooks);
    let hook = Hook::new("waits", move |_: &usize| {
        let hooks = Arc::clone(&other);
        thread::spawn(move || {
            let (id, outcome) =
                hooks.register("a", Hook::new("from elsewhere", |_| Ok(())), || None);
            outcome.unwrap();
            hooks.begin("b").finish(&0, Load::First).unwrap();
            assert!(hooks.unregister(id));
        })
        .join()
        .map_err(|_| "the other thread panicked".to_owned())
    });
    hooks.register("a", hook, || None).1.unwrap();
    hooks.begin("a").finish(&0, Load::First).unwrap();
}
