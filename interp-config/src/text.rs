//! Showing the user's own text in a message, and finding the place it came from.

/// Any text in backticks, on one line and not endless.
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown = String::from("`");
    for (index, character) in text.chars().enumerate() {
        if index == LONGEST {
            shown.push('…');
            break;
        }
        // A control character could move the cursor or end the line; a direction mark could disguise the rest.
        if character.is_control() || is_direction_mark(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown.push('`');
    shown
}

fn is_direction_mark(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The line and the column of a byte offset, both counted from one; the column counts characters.
///
/// An offset behind the end, or inside a character, is taken back to the character before.
pub(crate) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..text.floor_char_boundary(offset)).unwrap_or(text);
    // Editors do not show a byte order mark, so it takes no column.
    let before = before.strip_prefix('\u{feff}').unwrap_or(before);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    (line, column)
}
