//! Command lines: whether one is a worker's. An argument ends with a NUL, as in a process's own list.

#![no_main]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use launcher::fuzzing::{Action, parse};
use libfuzzer_sys::fuzz_target;

const LINES: &[&str] = &[
    "--multiprocessing-fork\0tracker_fd=5\0pipe_handle=7",
    "--billiard-fork\0pipe_handle=7",
    "-c\0from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5, pipe_handle=7)\0--multiprocessing-fork",
    "-B\0-S\0-I\0-E\0-X\0utf8\0-W\0error\0-c\0from multiprocessing.resource_tracker import main;main(5)",
    "-c\0from multiprocessing.forkserver import main; main(5, 6, ['__main__'], **{'sys_path': ['/x'], 'main_path': None})",
    "-c\0from multiprocessing.forkserver import main; main(sys.argv[1:], 5, 6)",
    "-m\0joblib.externals.loky.backend.popen_loky_posix\0--process-name\0x\0--pipe\0005",
    "-u\0-m\0anyio.to_process",
    "-u\0-c\0import sys;exec(eval(sys.stdin.readline()))",
];

fuzz_target!(
    init: fuzz::seed_texts(LINES),
    |bytes: &[u8]| {
        let arguments: Vec<OsString> =
            bytes.split(|byte| *byte == 0).map(|part| OsString::from_vec(part.to_vec())).collect();
        if let Ok(Some(worker)) = parse(&arguments) {
            // Nothing of the command line is code: each name is one of a fixed list.
            match worker.action {
                Action::Call { function, .. } => assert!(matches!(function, "spawn_main" | "main")),
                Action::Module(module) => assert!(module.contains('.')),
                Action::Code(code) => assert!(code.contains("stdin")),
            }
        }
    }
);
