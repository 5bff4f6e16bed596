//! Files of the system that packed libraries read: Tcl's scripts and descriptions of terminals travel with them.

use std::path::Path;

use launcher::command_parts::BUILD_PYTHON;

use crate::odd_places::in_namespace;
use crate::support::{App, Child, skipped};

/// Hides the folders in which a system has such files.
const NOTHING_THERE: &str = "for folder in /usr/share/tcltk /usr/lib/tcltk /lib/terminfo /etc/terminfo /usr/share/terminfo; do
    test ! -d $folder || mount -t tmpfs none $folder
done";

const TCL: &str = "
import os, tkinter
print(os.path.basename(tkinter.Tcl().eval('info library')), tkinter.Tcl().eval('package require msgcat') > '1')
print([name for name in os.environ if name.startswith(('TCL', 'TK_'))])
try: tkinter.Tk()
except tkinter.TclError as error: print('no display' in str(error))
";

const TERMINAL: &str = "
import curses, os, sys
curses.setupterm(sys.argv[1])
print(curses.tigetnum('colors'), os.environ.get('TERMINFO_DIRS', 'not set')[:1])
";

fn has(module: &str, test: &str) -> bool {
    let found = Child::new(BUILD_PYTHON).args(["-I", "-c", &format!("import {module}")]).outcome();
    if !found.status.success() {
        skipped(test, &format!("this Python has no `{module}`"));
    }
    found.status.success()
}

fn without_files(app: &App, program: &Path) -> Option<Child> {
    let child = in_namespace("a system without Tcl's scripts", &["-m"], NOTHING_THERE)?.of(app);
    Some(child.env("COLDFRAME_CACHE_DIR", app.beside("cache")).arg(program))
}

#[test]
fn tcl_finds_its_scripts_and_nobody_else_is_told() {
    if !has("tkinter", "tcl_finds_its_scripts_and_nobody_else_is_told") {
        return;
    }
    let app = App::script(TCL);
    let built = app.build("program", &[]);
    let Some(child) = without_files(&app, &built) else { return };
    child.prints("tcl8.6 True\n[]\nTrue\n");
    // A folder that the user names is the user's.
    let named = without_files(&app, &built).unwrap().env("TCL_LIBRARY", "/nowhere").outcome();
    assert!(named.stderr.contains("/nowhere"), "{named:#?}");
}

#[test]
fn terminals_are_described_where_the_system_describes_none() {
    if !has("curses", "terminals_are_described_where_the_system_describes_none") {
        return;
    }
    let app = App::script(TERMINAL);
    let built = app.build("program", &[]);
    for (terminal, colours) in [("xterm-256color", "256"), ("linux", "8"), ("vt100", "-1")] {
        let Some(child) = without_files(&app, &built) else { return };
        child.arg(terminal).env("TERM", terminal).prints(&format!("{colours} :\n"));
        // Where the system describes it, nothing is set.
        Child::new(&built)
            .of(&app)
            .arg(terminal)
            .env("TERM", terminal)
            .prints(&format!("{colours} n\n"));
    }
    let Some(child) = without_files(&app, &built) else { return };
    let uncached = child.arg("xterm").env("COLDFRAME_CACHE_DIR", "/proc/nowhere").outcome();
    assert!(uncached.stderr.contains("could not find term"), "{uncached:#?}");
}
