//! The table of platforms for people, which the full run writes into a page between two marks.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::rows::Row;
use xtask::platform_rows::Told;
use xtask::workspace::write as write_file;

const BEGIN: &str = "<!-- platforms: begin, written by `cargo xtask platforms all --write README.md --write docs/platforms.md` -->";
const END: &str = "<!-- platforms: end -->";

/// Puts the table into a page, in the place of the one that is there.
pub(super) fn write(file: &Path, told: &[(Row, Vec<Told>)]) -> anyhow::Result<()> {
    let page =
        fs::read_to_string(file).with_context(|| format!("could not read `{}`", file.display()))?;
    let place = page.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = place.with_context(|| {
        format!(
            "`{}` has no place for the table, which is between `{BEGIN}` and `{END}`",
            file.display()
        )
    })?;
    write_file(file, &format!("{before}{BEGIN}\n{}{END}{after}", table(&today()?, told)))
}

fn table(date: &str, told: &[(Row, Vec<Told>)]) -> String {
    let mut text = format!("Tried on {date}:\n\n| platform | how | result |\n|---|---|---|\n");
    for (row, lines) in told {
        for Told { title, result } in lines {
            let result = result.replace('|', "\\|").replace('\n', " ");
            text.push_str(&format!("| {title} | {} | {result} |\n", row.how()));
        }
    }
    text
}

fn today() -> anyhow::Result<String> {
    let asked = Command::new("date").arg("+%-d %B %Y").env("LC_ALL", "C").output();
    let asked = asked.context("could not ask for the date")?;
    Ok(String::from_utf8_lossy(&asked.stdout).trim().to_owned())
}
