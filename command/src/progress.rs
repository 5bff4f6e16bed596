//! Progress on a terminal, and silence in a pipe.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use packer::Progress;

/// A bar on standard error that is only drawn on a terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(what: &str) -> Self {
        // Ten times a second is enough for eyes; and no thread draws it, for Python is to start with one thread only.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        bar.set_style(
            ProgressStyle::with_template(
                "{prefix:>12.green.bold} {pos}/{len} [{wide_bar}] {msg:40!}",
            )
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_prefix(what.to_owned());
        Self(bar)
    }

    pub(super) fn show(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Reading { files } => self.0.set_position(files as u64),
            Progress::Compiling { done, total, path } => {
                // A round that is over in no time needs no bar.
                if self.0.elapsed() < Duration::from_millis(300) {
                    return;
                }
                self.0.set_length(total as u64);
                self.0.set_position(done as u64);
                self.0.set_message(path.to_owned());
            }
            // The bar shows no more than these.
            _ => {}
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
