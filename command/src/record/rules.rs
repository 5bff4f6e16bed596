//! The rules that a recorded run needed, in the settings file.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use interp_config::{Document, FileAccess};
use toml_edit::{DocumentMut, InlineTable, Item, Table, value};

use super::opened_by_c::Needs;
use crate::error::CommandError;
use crate::warnings::warn_of;

/// The most files of a package that are named.
const MOST_FILES: usize = 3;

/// The settings file of an application, which is there or is to be made.
pub(super) struct RulesFile {
    path: PathBuf,
    document: Document,
}

impl RulesFile {
    /// The file that the settings came from, or else one beside the application. It has to be one that can be written: nobody
    /// wants to hear of that after a long run.
    pub(super) fn of(settings: Option<&Path>, app: &Path) -> Result<Self, CommandError> {
        let folder = match app.parent().filter(|_| app.is_file()) {
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
            None => app,
        };
        let path = settings.map_or_else(|| folder.join("coldframe.toml"), Path::to_owned);
        let is_pyproject = path.ends_with("pyproject.toml");
        let document = if is_pyproject { Document::Pyproject } else { Document::Coldframe };
        let tried = match settings {
            Some(path) => fs::File::options().append(true).open(path).map(drop),
            None => tempfile::tempfile_in(folder).map(drop),
        };
        let this = Self { path, document };
        tried.map_err(|source| this.cannot_write(source))?;
        Ok(this)
    }

    /// Says which packages need their files on disk, and writes the rules for them.
    pub(super) fn record(&self, needs: &Needs, is_whole: bool) -> Result<(), CommandError> {
        if !is_whole {
            warn_of(
                "more files were opened at once than the kernel notes, so that a package may be missing: run it again",
            );
        }
        let say = |line: String| drop(writeln!(anstream::stderr(), "coldframe: {line}"));
        if needs.is_empty() {
            say("C code opened no file that it would not find without a rule; none was written"
                .into());
            return Ok(());
        }
        for (package, files) in needs {
            let named: Vec<_> =
                files.iter().take(MOST_FILES).map(|file| format!("`{file}`")).collect();
            let more = files.len().saturating_sub(MOST_FILES);
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            say(format!("C code opened {}{rest}: `{package}` must be on disk", named.join(", ")));
        }
        self.write(needs)?;
        let rules: Vec<_> =
            needs.keys().map(|package| format!("`{package} = \"cache\"`")).collect();
        say(format!("`{}` now has {} under `file-access`", self.path.display(), rules.join(", ")));
        Ok(())
    }

    fn write(&self, needs: &Needs) -> Result<(), CommandError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(self.cannot_write(source)),
        };
        let text = self.with_rules(&text, needs.keys().map(String::as_str))?;
        fs::write(&self.path, text).map_err(|source| self.cannot_write(source))
    }

    /// The text of the file with rules for these packages; all else in it stays as it is.
    fn with_rules<'n>(
        &self,
        text: &str,
        packages: impl Iterator<Item = &'n str>,
    ) -> Result<String, CommandError> {
        let by_hand = |why: &dyn std::fmt::Display| {
            CommandError::Usage(format!(
                "the rules cannot be added to `{}`: {why}; write them by hand, in the table `build.file-access`",
                self.path.display()
            ))
        };
        let mut edited: DocumentMut = text.parse().map_err(|error| by_hand(&error))?;
        let above: &[&str] = match self.document {
            Document::Pyproject => &["tool", "coldframe"],
            Document::Coldframe => &[],
        };
        let mut item = edited.as_item_mut();
        let no_table = || by_hand(&"something else than a table stands there");
        for name in above.iter().chain(&["build", "file-access"]) {
            make_room(item, name);
            let new = new_table(item.is_inline_table());
            let table = item.as_table_like_mut().ok_or_else(no_table)?;
            item = table.entry(name).or_insert(new);
        }
        for package in packages {
            make_room(item, package);
            let table = item.as_table_like_mut().ok_or_else(no_table)?;
            table.entry(package).or_insert_with(|| value(FileAccess::Cache.as_str()));
        }
        let text = edited.to_string();
        // A defect of ours must not leave settings that nobody can read.
        interp_config::parse(&text, &self.path.display().to_string(), self.document)?;
        Ok(text)
    }

    fn cannot_write(&self, source: io::Error) -> CommandError {
        CommandError::Settings { path: self.path.clone(), source }
    }
}

/// Takes away the space behind the last entry of an inline table, where one more is to follow.
fn make_room(item: &mut Item, key: &str) {
    if let Some(table) = item.as_inline_table_mut()
        && !table.contains_key(key)
        && let Some((_, last)) = table.iter_mut().last()
    {
        last.decor_mut().set_suffix("");
    }
}

/// A table that is not there yet: in an inline one, else with a heading that only the last one gets.
fn new_table(is_inline: bool) -> Item {
    if is_inline {
        return value(InlineTable::new());
    }
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(name: &str, document: Document, text: &str) -> String {
        let file = RulesFile { path: name.into(), document };
        file.with_rules(text, ["a", "b"].into_iter()).unwrap()
    }

    #[test]
    fn rules_are_added_and_all_else_stays() {
        let rules = "[build.file-access]\na = \"cache\"\nb = \"cache\"\n";
        for (before, after) in [
            (String::new(), rules.to_owned()),
            (
                "# top\nargv = [ 'x' ] # why\n".into(),
                format!("# top\nargv = [ 'x' ] # why\n\n{rules}"),
            ),
            (
                "[build]\n# what\ninclude = ['x']\n".into(),
                format!("[build]\n# what\ninclude = ['x']\n\n{rules}"),
            ),
            (
                "[build]\nfile-access = { a = \"memory\" } # by hand\n".into(),
                "[build]\nfile-access = { a = \"memory\", b = \"cache\" } # by hand\n".into(),
            ),
            (
                "[build.file-access]\na = \"cache\" # C\n".into(),
                "[build.file-access]\na = \"cache\" # C\nb = \"cache\"\n".into(),
            ),
            (
                "build = { include = ['x'] }\n".into(),
                "build = { include = ['x'], file-access = { a = \"cache\", b = \"cache\" } }\n"
                    .into(),
            ),
        ] {
            assert_eq!(edited("coldframe.toml", Document::Coldframe, &before), after);
        }
        let before = "[project]\nname = \"x\" # its name\n\n[tool.coldframe]\nargv = ['y']\n\n[tool.other]\nz = 1\n";
        let after = edited("pyproject.toml", Document::Pyproject, before);
        assert!(
            after
                .contains("[project]\nname = \"x\" # its name\n\n[tool.coldframe]\nargv = ['y']\n"),
            "{after}"
        );
        assert!(
            after.contains("\n[tool.coldframe.build.file-access]\na = \"cache\"\nb = \"cache\"\n"),
            "{after}"
        );
        assert!(after.contains("\n[tool.other]\nz = 1\n"), "{after}");
    }
}
