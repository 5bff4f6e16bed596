//! Events in the log, with their fields.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use importer_core::{Hook, Hooks, Load, OnFailure, Stack};
use tracing_subscriber::fmt::MakeWriter;

use crate::samples::{opened, small};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[test]
fn look_ups_and_hooks_are_logged_with_fields() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .without_time()
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let stack = Stack::new(vec![opened(small())]);
        stack.module("spam").unwrap();
        stack.module("absent").unwrap();
        stack.file("spam/data.txt").unwrap();
        stack.directory("nowhere").unwrap();
        let hooks: Hooks<u8, &str> = Hooks::new();
        hooks.register("spam", Hook::new("good", |_: &u8| Ok(())), || None).1.unwrap();
        hooks
            .register(
                "spam",
                Hook::new("bad", |_: &u8| Err("no")).on_failure(OnFailure::Log),
                || None,
            )
            .1
            .unwrap();
        hooks.begin("spam").finish(&0, Load::First).unwrap();
    });
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    // The time a hook took is the one thing that differs from run to run.
    let fixed = text
        .split_inclusive(' ')
        .map(|word| if word.starts_with("elapsed=") { "elapsed=… " } else { word });
    insta::assert_snapshot!(fixed.collect::<String>());
}
