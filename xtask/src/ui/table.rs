//! Text in columns that fits the terminal: the last column wraps, the others keep their widest cell.
//!
//! It knows widths and styles; what the cells mean is the caller's affair. Colour is always written: the stream
//! that prints it (anstream) takes it out where nobody is looking.

use std::fmt::Write as _;

use anstyle::Style;

/// Used when the output is no terminal and `COLUMNS` says nothing.
const DEFAULT_WIDTH: usize = 100;
/// Narrower than this the last column is not worth wrapping.
const NARROWEST: usize = 24;
const GAP: usize = 2;

/// One cell: a text and how it looks.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A styled cell.
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Cell { text: text.into(), style }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell::styled(text, Style::new())
    }
}

/// Rows of cells, with an optional header.
#[derive(Debug, Default)]
pub struct Table {
    header: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    indent: usize,
}

impl Table {
    /// A table without a header.
    pub fn new() -> Self {
        Table::default()
    }

    /// Sets the header, shown dimmed.
    #[must_use]
    pub fn header<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.header = names.into_iter().map(|name| Cell::styled(name, Style::new().dimmed())).collect();
        self
    }

    /// Moves every line to the right.
    #[must_use]
    pub fn indent(mut self, columns: usize) -> Self {
        self.indent = columns;
        self
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }

    /// The table as text, every line ended, no wider than `width` where that is possible.
    pub fn render(&self, width: usize) -> String {
        let rows: Vec<&Vec<Cell>> = std::iter::once(&self.header).filter(|h| !h.is_empty()).chain(&self.rows).collect();
        let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| len(&c.text)).max();
        let widths: Vec<usize> = (0..columns.saturating_sub(1)).map(|c| widest(c).unwrap_or(0)).collect();
        let before_last = self.indent + widths.iter().map(|w| w + GAP).sum::<usize>();
        let last = width.saturating_sub(before_last).max(NARROWEST);
        let mut out = String::new();
        for row in rows {
            self.render_row(&mut out, row, &widths, before_last, last);
        }
        out
    }

    fn render_row(&self, out: &mut String, row: &[Cell], widths: &[usize], before_last: usize, last: usize) {
        let mut line = " ".repeat(self.indent);
        for (cell, width) in row.iter().zip(widths) {
            let fill = width + GAP - len(&cell.text);
            let _ = write!(line, "{}{}", paint(&cell.text, cell.style), " ".repeat(fill));
        }
        let wrapped = match row.get(widths.len()) {
            Some(cell) => wrap(&cell.text, last).into_iter().map(|part| paint(&part, cell.style)).collect(),
            None => vec![String::new()],
        };
        for (number, part) in wrapped.iter().enumerate() {
            if number > 0 {
                line = " ".repeat(before_last);
            }
            line.push_str(part);
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

/// Columns of the terminal, `COLUMNS`, or a sane default.
pub fn terminal_width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).filter(|&c: &usize| c > 0);
    columns.or_else(|| terminal_size::terminal_size().map(|(w, _)| usize::from(w.0))).unwrap_or(DEFAULT_WIDTH)
}

/// The text in a style, or bare where the style says nothing.
pub fn paint(text: &str, style: Style) -> String {
    if style == Style::new() || text.is_empty() { text.to_string() } else { format!("{style}{text}{style:#}") }
}

fn len(text: &str) -> usize {
    text.chars().count()
}

/// Breaks at blanks; a word longer than a line is left whole, because it is a path or a command to copy.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("BUG: there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if len(line) + 1 + len(word) <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_string());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_the_last_one_wraps() {
        let mut table = Table::new().header(["NAME", "DOC"]).indent(2);
        table.row(["pki".into(), "every certificate and kubeconfig of the cluster".into()]);
        table.row(["ssh-key".into(), "the key".into()]);
        let plain = anstream::adapter::strip_str(&table.render(40)).to_string();
        let expected = "  NAME     DOC\n  pki      every certificate and\n           kubeconfig of the cluster\n  ssh-key  the key\n";
        assert_eq!(plain, expected);
    }
}
