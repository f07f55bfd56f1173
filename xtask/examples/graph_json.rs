//! Runs a graph described by a JSON file with the engine and nothing else, so that it can be measured beside others.
//!
//! The file is an array of `{"name", "inputs": [path], "outputs": [path], "deps": [name], "cmd": shell}`; paths are
//! relative to its directory. The state goes to `.graph/` beside it. It knows no cluster.
//!
//! `cargo run --release -p xtask --example graph_json -- GRAPH.json [-j N] [-k] [--explain]`

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use serde::Deserialize;
use serde::de::{Deserializer as _, SeqAccess, Visitor};
use xtask::graph::{Builder, Event, Force, Graph, Memory, Observer, Options, Session, Task};
use xtask::sys::children::Children;
use xtask::sys::lock::{Lock, Patience, path_in};
use xtask::sys::signals;

/// About so long is a task with one input: a guess at how many there are saves making room again and again.
const BYTES_PER_TASK: usize = 180;

/// One element of the array; strings without escapes are borrowed from the file.
#[derive(Deserialize)]
struct Declared<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    inputs: Vec<Text<'a>>,
    #[serde(borrow)]
    outputs: Vec<Text<'a>>,
    #[serde(borrow, default)]
    deps: Vec<Text<'a>>,
    #[serde(borrow)]
    cmd: Cow<'a, str>,
}

/// A string in a list: serde borrows a `Cow` only when it is a field of its own.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Adds every element to the graph while the file is read, so that no list of them is ever kept.
struct Adder<'b, 'a>(&'b mut Builder<'a>);

impl<'a> Visitor<'a> for Adder<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of tasks")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut tasks: S) -> Result<(), S::Error> {
        while let Some(declared) = tasks.next_element()? {
            self.0.add(task(declared));
        }
        Ok(())
    }
}

fn task(declared: Declared<'_>) -> Task<'_> {
    let Declared { name, inputs, outputs, deps, cmd } = declared;
    let mut task = Task::build(name).version(cmd.clone());
    for Text(input) in inputs {
        task = task.input(input);
    }
    for Text(output) in outputs {
        task = task.output(output);
    }
    for Text(dependency) in deps {
        task = task.after(dependency);
    }
    task.action(move |run| run.command("sh", ["-c", &cmd]))
}

/// Failures only: printing is not what is measured.
struct Failures;

impl Observer for Failures {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Failed { task, error, .. } => eprintln!("{task}: {error:#}"),
            Event::Warning { message } => eprintln!("warning: {message}"),
            _ => {}
        }
    }
}

struct Arguments {
    graph: PathBuf,
    jobs: usize,
    keep_going: bool,
    explain: bool,
}

fn arguments() -> Result<Arguments> {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let mut parsed = Arguments { graph: PathBuf::new(), jobs, keep_going: false, explain: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            jobs if jobs.starts_with("-j") => {
                let number = if jobs == "-j" { arguments.next().unwrap_or_default() } else { jobs[2..].to_string() };
                parsed.jobs = number.parse().context("-j takes a number")?;
            }
            "-k" => parsed.keep_going = true,
            "--explain" => parsed.explain = true,
            _ => parsed.graph = argument.into(),
        }
    }
    if parsed.graph.as_os_str().is_empty() {
        return Err(anyhow!("usage: graph_json GRAPH.json [-j N] [-k] [--explain]"));
    }
    Ok(parsed)
}

fn run() -> Result<()> {
    let arguments = arguments()?;
    let root = match arguments.graph.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let state = root.join(".graph");
    fs_err::create_dir_all(&state)?;
    let lock = Lock::acquire(&path_in(&state), "graph_json", Patience::ForLeftovers(Duration::from_secs(60)), |_| {})
        .map_err(|refused| anyhow!("another run holds the lock: {refused:?}"))?;
    let leash = lock.leash()?;
    let children = Arc::new(Children::default());
    signals::listen(Arc::clone(&children))?;
    // The file and what is remembered are read at the same time: neither needs the other.
    let text = fs_err::read(&arguments.graph)?;
    let (graph, memory) = std::thread::scope(|scope| {
        let memory = scope.spawn(|| Memory::load(&state));
        let graph = parse(&text, &arguments.graph);
        (graph, memory.join())
    });
    let (graph, memory) = (graph?, memory.map_err(|_| anyhow!("BUG: loading the state panicked"))??);
    let names: Vec<&str> = graph.tasks().map(|id| graph.name(id)).collect();
    let mut session = Session::new(&graph, memory, &root, &state.join("logs"))?;
    let survey = session.survey(&names, Force::Nothing)?;
    if arguments.explain {
        for explained in session.explain(&survey) {
            let reason = explained.reason.map_or_else(|| "up to date".to_string(), |reason| reason.to_string());
            println!("{}: {reason}", graph.name(explained.task));
        }
        return Ok(());
    }
    let options = Options {
        jobs: arguments.jobs,
        keep_going: arguments.keep_going,
        pools: &[],
        children: &children,
        leash: Some(&leash),
    };
    let summary = session.run(survey, &options, &Failures)?;
    println!(
        "{} done, {} up to date, {} failed, {} skipped, {} ms",
        summary.done,
        summary.up_to_date,
        summary.failed.len(),
        summary.skipped,
        summary.millis
    );
    let code = match (summary.interrupted, summary.is_success()) {
        (true, _) => signals::INTERRUPTED,
        (false, success) => i32::from(!success),
    };
    // Not by returning: taking 100,000 tasks apart first would only cost time.
    std::process::exit(code)
}

fn parse<'a>(text: &'a [u8], path: &Path) -> Result<Graph<'a>> {
    let mut builder = Graph::builder();
    builder.reserve(text.len() / BYTES_PER_TASK);
    let mut json = serde_json::Deserializer::from_slice(text);
    json.deserialize_seq(Adder(&mut builder)).with_context(|| format!("`{}` is no graph", path.display()))?;
    Ok(builder.finish()?)
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
