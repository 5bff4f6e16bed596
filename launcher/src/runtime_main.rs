//! The program that `coldframe build` puts before an archive; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    launcher::runtime::main()
}
