//! The contract of post-import hooks: one scenario after another, each with the log of what happened in it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use importer_core::{Frequency, Hook, HookId, Hooks, Load, OnFailure};

/// A registry in which a module is a text such as `a#1`, and a log of what runs.
#[derive(Clone, Default)]
struct World {
    hooks: Arc<Hooks<String, String>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn log(&self, event: impl Into<String>) {
        self.log.lock().unwrap().push(event.into());
    }

    /// A hook that logs that it ran, and then does `more`.
    fn hook(
        &self,
        label: &str,
        more: impl Fn(&Self) -> Result<(), String> + Send + Sync + 'static,
    ) -> Hook<String, String> {
        let (world, name) = (self.clone(), label.to_owned());
        Hook::new(label, move |module: &String| {
            world.log(format!("{name}({module})"));
            more(&world)
        })
    }

    fn note(&self, label: &str) -> Hook<String, String> {
        self.hook(label, |_| Ok(()))
    }

    fn register(&self, name: &str, hook: Hook<String, String>) -> HookId {
        self.register_when(name, hook, || None)
    }

    fn register_when(
        &self,
        name: &str,
        hook: Hook<String, String>,
        find_loaded: impl FnOnce() -> Option<String>,
    ) -> HookId {
        let label = hook.label().to_owned();
        let (id, outcome) = self.hooks.register(name, hook, find_loaded);
        if let Err(error) = outcome {
            self.log(format!("registering {label} failed: {error}"));
        }
        id
    }

    /// An import of `name` whose code does `body`.
    fn load(&self, name: &str, object: u8, load: Load, body: impl FnOnce(&Self)) {
        let loading = self.hooks.begin(name);
        self.log(format!("exec {name}#{object}"));
        body(self);
        match loading.finish(&format!("{name}#{object}"), load) {
            Ok(()) => self.log(format!("{name}#{object} imported")),
            Err(error) => self.log(format!("{name}#{object} failed: {error}")),
        }
    }

    fn import(&self, name: &str, object: u8) {
        self.load(name, object, Load::First, |_| {});
    }

    fn reload(&self, name: &str, object: u8) {
        self.load(name, object, Load::Reload, |_| {});
    }
}

type Scenario = (&'static str, fn(&World));

const SCENARIOS: &[Scenario] = &[
    ("hooks run in the order of registration, and only those of that name", |world| {
        for (name, label) in [("a", "first"), ("a", "second"), ("b", "other"), ("a", "third")] {
            world.register(name, world.note(label));
        }
        world.import("a", 1);
    }),
    ("once per module object: not on reload, but again for a new object", |world| {
        world.register("a", world.note("h"));
        world.import("a", 1);
        world.reload("a", 1);
        world.import("a", 2);
    }),
    ("every load: on reload too", |world| {
        world.register("a", world.note("once"));
        world.register("a", world.note("every").frequency(Frequency::EveryLoad));
        world.import("a", 1);
        world.reload("a", 1);
        world.reload("a", 1);
    }),
    ("registered after the module is loaded: at once, and not again on reload", |world| {
        world.import("a", 1);
        world.register_when("a", world.note("h"), || Some("a#1".to_owned()));
        world.reload("a", 1);
        world.import("a", 2);
    }),
    ("registered while the module is loading: when it has finished", |world| {
        world.load("a", 1, Load::First, |world| {
            world.register_when("a", world.note("h"), || panic!("not asked while loading"));
            world.log("rest of a");
        });
    }),
    ("a circular import: b registers a hook on a, which imports b", |world| {
        world.load("a", 1, Load::First, |world| {
            world.load("b", 1, Load::First, |world| {
                world.register("a", world.note("on a"));
                world.register("b", world.note("on b"));
            });
        });
    }),
    ("registered during a reload: when the reload has finished", |world| {
        world.import("a", 1);
        world.load("a", 1, Load::Reload, |world| {
            world.register("a", world.note("h"));
        });
        world.reload("a", 1);
    }),
    ("a failed import runs nothing and keeps the hooks for the next try", |world| {
        world.register("a", world.note("h"));
        drop(world.hooks.begin("a"));
        world.log("a failed in its own code");
        world.import("a", 1);
    }),
    ("a failing hook fails the import; all hooks run again on the next try", |world| {
        let is_broken = AtomicBool::new(true);
        world.register("a", world.note("before"));
        world.register(
            "a",
            world.hook("broken", move |_| {
                if is_broken.swap(false, Ordering::SeqCst) { Err("no".to_owned()) } else { Ok(()) }
            }),
        );
        world.register("a", world.note("after"));
        world.import("a", 1);
        world.import("a", 2);
    }),
    ("a log-only hook that fails is passed over", |world| {
        world.register(
            "a",
            world.hook("broken", |_| Err("no".to_owned())).on_failure(OnFailure::Log),
        );
        world.register("a", world.note("after"));
        world.import("a", 1);
        world.register_when(
            "a",
            world.hook("late", |_| Err("no".to_owned())).on_failure(OnFailure::Log),
            || Some("a#1".to_owned()),
        );
    }),
    ("a hook that fails at once is reported to its registrant and kept", |world| {
        world.import("a", 1);
        world.register_when("a", world.hook("broken", |_| Err("no".to_owned())), || {
            Some("a#1".to_owned())
        });
        world.import("a", 2);
    }),
    ("a hook registers a hook of its own name: it runs last, in the same import", |world| {
        world.register(
            "a",
            world.hook("outer", |world| {
                world.register_when("a", world.note("inner"), || {
                    panic!("not asked while hooks run")
                });
                world.log("outer ends");
                Ok(())
            }),
        );
        world.register("a", world.note("second"));
        world.import("a", 1);
    }),
    ("a hook imports another module with hooks", |world| {
        world.register("b", world.note("on b"));
        world.register(
            "a",
            world.hook("on a", |world| {
                world.import("b", 1);
                Ok(())
            }),
        );
        world.import("a", 1);
    }),
    ("a hook reloads its own module: what follows it still runs once", |world| {
        let has_reloaded = AtomicBool::new(false);
        world.register(
            "a",
            world.hook("reloads", move |world| {
                if !has_reloaded.swap(true, Ordering::SeqCst) {
                    world.reload("a", 1);
                }
                Ok(())
            }),
        );
        world.register("a", world.note("once"));
        world.register("a", world.note("every").frequency(Frequency::EveryLoad));
        world.import("a", 1);
    }),
    ("a hook throws its module away and imports it anew: each object gets each hook", |world| {
        let has_replaced = AtomicBool::new(false);
        world.register(
            "a",
            world.hook("replaces", move |world| {
                if !has_replaced.swap(true, Ordering::SeqCst) {
                    world.import("a", 2);
                }
                Ok(())
            }),
        );
        world.register("a", world.note("h"));
        world.import("a", 1);
        world.reload("a", 2);
    }),
    ("taken out before the import", |world| {
        let id = world.register("a", world.note("h"));
        world.log(format!("{} {}", world.hooks.unregister(id), world.hooks.unregister(id)));
        world.log(format!("has hooks: {}", world.hooks.has_hooks("a")));
        world.import("a", 1);
    }),
    ("a hook takes out itself and a later one", |world| {
        let ids = Arc::new(Mutex::new(Vec::new()));
        let known = Arc::clone(&ids);
        let remover = world.hook("remover", move |world| {
            let ids: Vec<HookId> = std::mem::take(&mut known.lock().unwrap());
            world.log(format!(
                "{:?}",
                ids.into_iter().map(|id| world.hooks.unregister(id)).collect::<Vec<_>>()
            ));
            Ok(())
        });
        for hook in [remover, world.note("removed")] {
            let id = world.register("a", hook);
            ids.lock().unwrap().push(id);
        }
        world.register("a", world.note("kept"));
        world.import("a", 1);
        world.import("a", 2);
    }),
    ("the module is imported while a registrant looks for it: the hook runs once", |world| {
        world.register_when("a", world.note("h"), || {
            world.import("a", 1);
            Some("a#1".to_owned())
        });
        world.reload("a", 1);
    }),
    (
        "an import begins while a registrant looks for the module: the import runs the hook",
        |world| {
            let loading = Cell::new(None);
            world.register_when("a", world.note("h"), || {
                loading.set(Some(world.hooks.begin("a")));
                Some("a#1".to_owned())
            });
            world.log("registered");
            let outcome =
                loading.take().map(|loading| loading.finish(&"a#1".to_owned(), Load::First));
            world.log(format!("{outcome:?}"));
        },
    ),
    ("a hook that panics leaves the registry in order", |world| {
        let id = world.register("a", world.hook("panics", |_| panic!("at the disco")));
        let outcome = catch_unwind(AssertUnwindSafe(|| world.import("a", 1)));
        world.log(format!("panicked: {}", outcome.is_err()));
        // Were the name still loading, this would wait for a load that never ends.
        world.register_when("a", world.note("at once"), || Some("a#1".to_owned()));
        world.hooks.unregister(id);
        world.import("a", 2);
    }),
    ("a module that was loaded earlier gets what it has not had, and nothing twice", |world| {
        let each = world.note("each").frequency(Frequency::EveryLoad);
        world.register("a", world.note("first"));
        world.register("a", each);
        world.load("a", 1, Load::Earlier, |_| {});
        world.load("a", 1, Load::Earlier, |_| {});
        world.import("a", 2);
        let late = world.register("a", world.note("late"));
        world.log(format!("{}", HookId::from(u64::from(late)) == late));
        world.load("a", 2, Load::Earlier, |_| {});
        world.reload("a", 2);
    }),
    ("what a hook holds may use the registry when it is dropped", |world| {
        struct Farewell(World);
        impl Drop for Farewell {
            fn drop(&mut self) {
                self.0.log(format!("dropped; has hooks: {}", self.0.hooks.has_hooks("a")));
            }
        }
        let farewell = Farewell(world.clone());
        let id = world.register(
            "a",
            Hook::new("h", move |_: &String| {
                farewell.0.log("ran");
                Ok(())
            }),
        );
        world.import("a", 1);
        world.hooks.unregister(id);
    }),
];

#[test]
fn the_contract() {
    let mut text = String::new();
    for (title, scenario) in SCENARIOS {
        let world = World::default();
        scenario(&world);
        let log = world.log.lock().unwrap();
        text += &format!("{title}:\n    {}\n", log.join("\n    "));
    }
    insta::assert_snapshot!(text);
}
