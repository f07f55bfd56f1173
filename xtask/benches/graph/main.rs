//! The engine beside ninja, samurai, n2, make and go-task on the same graphs: times, memory and what reran, as ratios.
//!
//! Every tool works in a directory of its own, where it built everything itself. Within a measurement the tools take
//! turns, so that a busy moment of the machine hits all of them. Tools that are not on PATH are named and left out.
//!
//! `cargo bench -p xtask --bench graph [-- [--quick] [large] [layered] [wide] [wider]]`

#![allow(clippy::unwrap_used, clippy::cast_precision_loss)] // a bench that cannot go on may as well panic

use std::path::{Path, PathBuf};

#[path = "measure.rs"]
mod measure;
#[path = "shape.rs"]
mod shape;
#[path = "tools.rs"]
mod tools;

use measure::{median, row};
use shape::Shape;
use tools::Tool;

/// One of the measurements.
type Measure = fn(&Path, &[Tool], &Scale);

/// How large things are.
struct Scale {
    small: usize,
    large: usize,
    mebibytes: u64,
    rounds: usize,
}

const FULL: Scale = Scale { small: 10_000, large: 100_000, mebibytes: 1024, rounds: 11 };
const QUICK: Scale = Scale { small: 1_000, large: 10_000, mebibytes: 256, rounds: 5 };

/// One graph, set up for every tool.
struct Field<'t> {
    shape: Shape,
    dir: PathBuf,
    tools: Vec<&'t Tool>,
}

impl<'t> Field<'t> {
    /// Writes the graph for each tool and lets each build it once; tells how long that took.
    fn new(root: &Path, name: &str, shape: Shape, tools: &'t [Tool]) -> Self {
        let tools: Vec<&Tool> = tools.iter().filter(|tool| shape.tasks() <= tool.bears).collect();
        let field = Field { shape, dir: root.join(name), tools };
        println!("\n{name}: {} tasks", field.shape.tasks());
        for tool in &field.tools {
            field.shape.write(&field.at(tool));
            tool.write(&field.shape, &field.at(tool));
        }
        let first: Vec<Vec<f64>> = field.tools.iter().map(|tool| vec![tool.run(&field.at(tool))]).collect();
        field.show("first build", &first, "");
        // Twice more: whoever distrusts files that were just made has to be over it.
        std::thread::sleep(std::time::Duration::from_millis(2100));
        field.rounds(2, |_, _| {});
        field
    }

    fn at(&self, tool: &Tool) -> PathBuf {
        self.dir.join(tool.name)
    }

    /// Every tool in turn, so many times; `edit` comes before each run and is not measured.
    fn rounds(&self, rounds: usize, edit: impl Fn(&Path, usize)) -> Vec<Vec<f64>> {
        let mut samples = vec![Vec::new(); self.tools.len()];
        for round in 0..rounds {
            for (tool, samples) in self.tools.iter().zip(&mut samples) {
                edit(&self.at(tool), round);
                samples.push(tool.run(&self.at(tool)));
            }
        }
        samples
    }

    /// One line a tool; ratios are ours over theirs.
    fn show(&self, what: &str, samples: &[Vec<f64>], target: &str) {
        println!("  {what}{target}");
        let ours = median(&samples[0]);
        for (tool, samples) in self.tools.iter().zip(samples) {
            println!("    {}", row(tool.name, "ms", median(samples), ours));
        }
    }

    fn show_memory(&self, target: &str) {
        println!("  memory of a no-op{target}");
        let Some(ours) = self.tools[0].memory(&self.at(self.tools[0])) else {
            return println!("    GNU time is not on PATH: left out");
        };
        for tool in &self.tools {
            let theirs = tool.memory(&self.at(tool)).unwrap_or_default();
            println!("    {}", row(tool.name, "MiB", theirs, ours));
        }
    }

    /// How many outputs each tool made anew after an edit.
    fn show_reruns(&self, what: &str, edit: impl Fn(&Path), target: &str) {
        println!("  {what}   (target: {target})");
        for tool in &self.tools {
            let dir = self.at(tool);
            edit(&dir);
            let before = self.shape.stamps(&dir);
            tool.run(&dir);
            let after = self.shape.stamps(&dir);
            let reruns = before.iter().zip(&after).filter(|(one, other)| one != other).count();
            println!("    {:<10} {reruns} reran", tool.name);
        }
    }
}

fn wide(root: &Path, tools: &[Tool], scale: &Scale) {
    let field = Field::new(root, "wide", Shape::wide(scale.small), tools);
    let middle = scale.small / 2;
    let rounds = scale.rounds;
    field.show("no-op", &field.rounds(rounds, |_, _| {}), "   (target: 0.8 of the fastest, better 0.5)");
    field.show_memory("   (target: 1.5 of ninja's)");
    let edit = |dir: &Path, round: usize| Shape::edit(dir, middle, round);
    field.show("one input changed", &field.rounds(rounds, edit), "   (target: 1.0 of ninja's)");
    field.show_reruns("one input touched, the same bytes", |dir| Shape::touch(dir, middle), "ours 0");
    fs_err::remove_dir_all(&field.dir).unwrap();
}

fn wider(root: &Path, tools: &[Tool], scale: &Scale) {
    let field = Field::new(root, "wider", Shape::wide(scale.large), tools);
    field.show("no-op", &field.rounds(scale.rounds / 2 + 1, |_, _| {}), "   (target: 0.8 of the fastest, better 0.5)");
    fs_err::remove_dir_all(&field.dir).unwrap();
}

fn layered(root: &Path, tools: &[Tool], scale: &Scale) {
    let shape = Shape::layered(scale.small, 10);
    let field = Field::new(root, "layered", shape, tools);
    field.show("no-op", &field.rounds(scale.rounds, |_, _| {}), "   (target: 0.8 of the fastest, better 0.5)");
    // An edit in the middle of a column whose effect ends in the second output below it.
    let inner = 5 * scale.small / 10 + 3;
    field.show_reruns("an input of the sixth layer changed", |dir| Shape::edit(dir, inner, 1), "ours 2");
    fs_err::remove_dir_all(&field.dir).unwrap();
}

/// What one changed large input costs, less what the same run costs without it; beside `b3sum` on the same file.
fn large(root: &Path, tools: &[Tool], scale: &Scale) {
    let (dir, tool) = (root.join("large"), &tools[0]);
    let shape = Shape::large(scale.mebibytes);
    println!("\nlarge: one input of {} MiB", scale.mebibytes);
    shape.write(&dir);
    tool.write(&shape, &dir);
    tool.run(&dir);
    std::thread::sleep(std::time::Duration::from_millis(100));
    tool.run(&dir);
    let input = dir.join(Shape::input(0));
    let Some(b3sum) = tools::find("b3sum") else {
        return println!("  b3sum is not on PATH: left out");
    };
    let (mut noop, mut touched, mut edited, mut theirs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..scale.rounds {
        noop.push(tool.run(&dir));
        Shape::touch(&dir, 0);
        touched.push(tool.run(&dir));
        std::thread::sleep(std::time::Duration::from_millis(50));
        Shape::edit(&dir, 0, round);
        edited.push(tool.run(&dir));
        theirs.push(measure::time(&duct::cmd!(&b3sum, "--num-threads", "2", &input), &dir));
        std::thread::sleep(std::time::Duration::from_millis(50));
        tool.run(&dir);
    }
    let theirs = median(&theirs);
    for (what, samples) in [("no-op", &noop), ("touched", &touched), ("changed", &edited)] {
        println!("    {:<10} {:>9.1} ms", what, median(samples));
    }
    let hashing = median(&touched) - median(&noop);
    println!("    {:<10} {:>9.1} ms", "b3sum", theirs);
    println!(
        "    speed of the engine's hashing (touched less no-op) over b3sum's: {:.2}   (target: 0.9)",
        theirs / hashing
    );
    fs_err::remove_dir_all(&dir).unwrap();
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let scale = if words.iter().any(|word| word == "--quick") { QUICK } else { FULL };
    let root = tempfile::tempdir().unwrap();
    let tools = tools::all();
    let fields: [(&str, Measure); 4] = [("large", large), ("layered", layered), ("wide", wide), ("wider", wider)];
    let named: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    for (_, field) in fields.iter().filter(|(name, _)| named.is_empty() || named.contains(name)) {
        field(root.path(), &tools, &scale);
    }
}
