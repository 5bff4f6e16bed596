//! The environment of this process, as its children and the libraries below Python are to find it.
//!
//! `setenv` moves and overwrites what another thread may read at that moment, and a program that embeds Python may have
//! threads. So it is not called: a whole new table takes the old one's place, which stays as it was for whoever reads it.

use std::ffi::OsString;

use crate::error::Error;

/// A change of a variable.
#[derive(Clone, Debug)]
pub(in crate::py) enum Change {
    /// It has this value, unless the user gave it one.
    Default(OsString),
    Set(OsString),
    Remove,
}

/// Changes variables, in this order. To be called before Python starts, which keeps a copy of its own.
pub(in crate::py) fn change(changes: &[(&str, Change)]) -> Result<(), Error> {
    for (name, change) in changes {
        if let Change::Default(value) | Change::Set(value) = change
            && value.as_encoded_bytes().contains(&0)
        {
            let why = format!("the value {value:?} for `{name}` holds a NUL character");
            return Err(Error::start(why));
        }
    }
    if !changes.is_empty() {
        system::replace(changed(std::env::vars_os().collect(), changes), changes);
    }
    Ok(())
}

type Table = Vec<(OsString, OsString)>;

fn changed(mut table: Table, changes: &[(&str, Change)]) -> Table {
    for (name, change) in changes {
        let is_there = table.iter().any(|(known, _)| known == name);
        match change {
            Change::Default(_) if is_there => {}
            Change::Default(value) | Change::Set(value) => {
                table.retain(|(known, _)| known != name);
                table.push((name.into(), value.clone()));
            }
            Change::Remove => table.retain(|(known, _)| known != name),
        }
    }
    table
}

#[cfg(unix)]
mod system {
    use std::ffi::{CString, c_char};
    use std::os::unix::ffi::OsStringExt as _;
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, Ordering};

    use super::{Change, Table};

    /// Puts a table in the place of the process's own.
    pub(in crate::py) fn replace(table: Table, _changes: &[(&str, Change)]) {
        let lines = table.into_iter().filter_map(|(name, value)| {
            let mut line = name.into_vec();
            line.push(b'=');
            line.extend(value.into_vec());
            // None has a NUL: the system gave them, or `change` has looked.
            CString::new(line).ok()
        });
        // The C library may change it later, and never frees what it did not allocate.
        let mut pointers: Vec<*mut c_char> = lines.map(CString::into_raw).collect();
        pointers.push(ptr::null_mut());
        let table = Box::leak(pointers.into_boxed_slice()).as_mut_ptr();
        // SAFETY: the variable of the C library, aligned and there for all of the process's life. It is written by one
        // atomic store of a table that lives for ever and ends with a null; what it held before is not touched, so that
        // who reads it at this moment reads the one or the other.
        unsafe { AtomicPtr::from_ptr(environ()) }.store(table, Ordering::Release);
    }

    #[cfg(not(target_vendor = "apple"))]
    fn environ() -> *mut *mut *mut c_char {
        unsafe extern "C" {
            static mut environ: *mut *mut c_char;
        }
        &raw mut environ
    }

    /// Libraries of these systems do not see the variable itself.
    #[cfg(target_vendor = "apple")]
    fn environ() -> *mut *mut *mut c_char {
        // SAFETY: no arguments; the address never changes.
        unsafe { libc::_NSGetEnviron() }
    }
}

#[cfg(not(unix))]
mod system {
    use super::{Change, Table};

    /// Here each variable can be changed at any time.
    pub(in crate::py) fn replace(table: Table, changes: &[(&str, Change)]) {
        for (name, _) in changes {
            let value = table.iter().find(|(known, _)| known == name).map(|(_, value)| value);
            #[expect(
                clippy::disallowed_methods,
                reason = "children and libraries read nothing else"
            )]
            // SAFETY: on Windows the functions are safe in any process.
            unsafe {
                match value {
                    Some(value) => std::env::set_var(name, value),
                    None => std::env::remove_var(name),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_changed_in_order_and_others_stay() {
        let table = |lines: &[(&str, &str)]| -> Table {
            lines.iter().map(|(name, value)| (name.into(), value.into())).collect()
        };
        let set = |value: &str| Change::Set(value.into());
        let default = |value: &str| Change::Default(value.into());
        let check = |changes: &[(&str, Change)], expected: &[(&str, &str)]| {
            let before = table(&[("A", "1"), ("B", ""), ("C", "3=4")]);
            assert_eq!(changed(before, changes), table(expected), "{changes:?}");
        };
        check(&[], &[("A", "1"), ("B", ""), ("C", "3=4")]);
        check(&[("A", set("2"))], &[("B", ""), ("C", "3=4"), ("A", "2")]);
        // A variable that is empty is set.
        check(
            &[("B", default("2")), ("D", default("5"))],
            &[("A", "1"), ("B", ""), ("C", "3=4"), ("D", "5")],
        );
        check(&[("C", Change::Remove), ("D", Change::Remove)], &[("A", "1"), ("B", "")]);
        check(
            &[("D", set("1")), ("D", Change::Remove), ("D", default("2"))],
            &[("A", "1"), ("B", ""), ("C", "3=4"), ("D", "2")],
        );
    }
}
