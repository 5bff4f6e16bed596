//! The program that `coldframe build` puts before an archive; everything it does is in the library.

use std::process::ExitCode;

launcher::program!();

fn main() -> ExitCode {
    launcher::command_parts::runtime_main()
}
