//! The same file system for C code: the functions of the C library that take a path, interposed by those of the executable.
//!
//! A symbol of the executable comes before all libraries' in the search of the dynamic linker (System V ABI, "Shared Object
//! Dependencies"), as for a program that brings its own `malloc`. So `fopen` of any library that Python loads is the one here; it
//! goes on to the C library's, unless the path begins with the executable's and a slash. Then the packed file is given: a small
//! one as a descriptor of memory, a large one, and folders, by their copy in the cache.
//!
//! Calls of the program's own code and of libpython go on always: CPython's functions are answered before (`table.rs`), and look
//! at the system's own answers. Paths that lead below the executable by links or from the working directory are not looked for.
//! A function of the C library that calls another one by itself (`glob`, `scandir`, `nftw`) does not come by here.
//!
//! The room has three parts: `answer.rs` says what such a path leads to, `calls.rs` are the functions, `passed_on.rs` finds the
//! C library's. The symbols themselves stand in the crate of the program, by the macro [`program!`](crate::program).

mod answer;
pub mod calls;
mod passed_on;
mod symbols;

pub(in crate::py) use passed_on::find_originals;
