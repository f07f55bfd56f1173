//! SIGKILL at two hundred random moments: after each, one plain run brings exactly what an undisturbed run brings.
//!
//! Whole processes are killed, commands and all that they left behind included in what has to be survived. What the
//! engine writes when is not looked at; only what comes of it.

#![allow(clippy::unwrap_used)] // the lint knows tests by their attribute, and helpers of tests have none

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

#[path = "engine/runner.rs"]
mod runner;

const KILLS: usize = 200;
const LAYERS: usize = 4;
const WIDTH: usize = 40;
/// Different contents of the sources: each kill happens on the way from one to another.
const VARIANTS: u64 = 5;

/// A small generator of our own, so that a seed in a message is all that is needed to see the same again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

fn places() -> impl Iterator<Item = (usize, usize)> {
    (0..LAYERS).flat_map(|layer| (0..WIDTH).map(move |column| (layer, column)))
}

fn name(layer: usize, column: usize) -> String {
    format!("t{layer}-{column:02}")
}

/// Each task joins three outputs of the layer below and a source of its own. The shell does it alone, which is quick,
/// and in two pieces, so that a kill finds outputs half written.
fn task(layer: usize, column: usize) -> Value {
    let own = format!("src/{}", name(layer, column));
    let mut inputs = vec![own.clone()];
    if layer > 0 {
        inputs.extend((0..3).map(|n| format!("out/{}", name(layer - 1, (column + n * 7) % WIDTH))));
    }
    let output = format!("out/{}", name(layer, column));
    let upstream: Vec<String> =
        inputs[1..].iter().map(|input| format!("read -r line < {input}; printf %.8s $line;")).collect();
    let upstream = upstream.join(" ");
    let cmd = format!("{{ read -r line < {own}; printf %s $line; {upstream} echo; }} > {output}");
    json!({"name": name(layer, column), "inputs": inputs, "outputs": [output], "cmd": cmd})
}

/// What a source holds: a third of them is the same in every variant.
fn text(variant: u64, layer: usize, column: usize) -> String {
    let place = (layer * WIDTH + column) as u64;
    let variant = if place.is_multiple_of(3) { 0 } else { variant };
    format!("{:016x}\n", Random((place << 8) + variant + 1).next())
}

struct Space {
    dir: TempDir,
}

impl Space {
    fn new() -> Self {
        let space = Space { dir: tempfile::tempdir().unwrap() };
        for dir in ["src", "out"] {
            fs_err::create_dir(space.path(dir)).unwrap();
        }
        let tasks: Vec<Value> = places().map(|(layer, column)| task(layer, column)).collect();
        put(&space.path("graph.json"), &json!(tasks).to_string());
        space
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn become_variant(&self, variant: u64) {
        for (layer, column) in places() {
            put(&self.path("src").join(name(layer, column)), &text(variant, layer, column));
        }
    }

    fn runner(&self) -> duct::Expression {
        duct::cmd!(runner::graph_json(), self.path("graph.json"), "-j3").unchecked()
    }

    /// A plain run; what it said of itself.
    fn run(&self) -> String {
        let output = self.runner().stdout_capture().run().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    /// Starts a run and kills it after this time; whether it was still running.
    fn kill_after(&self, moment: Duration) -> bool {
        let run = self.runner().stdout_null().stderr_null().start().unwrap();
        std::thread::sleep(moment);
        let running = run.try_wait().unwrap().is_none();
        run.kill().unwrap();
        run.wait().unwrap();
        running
    }

    fn outputs(&self) -> BTreeMap<String, Vec<u8>> {
        let files = fs_err::read_dir(self.path("out")).unwrap().map(Result::unwrap);
        files.map(|file| (file.file_name().into_string().unwrap(), fs_err::read(file.path()).unwrap())).collect()
    }
}

fn put(path: &Path, text: &str) {
    use std::io::Write as _;
    fs_err::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn seed() -> u64 {
    let given = std::env::var("ENGINE_KILL_SEED").ok().map(|seed| seed.parse().unwrap());
    given.unwrap_or_else(|| u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos()) | 1)
}

/// What undisturbed runs make of each variant, from nothing each, and how long the longest took.
fn undisturbed() -> (Vec<BTreeMap<String, Vec<u8>>>, Duration) {
    let mut longest = Duration::ZERO;
    let made = (0..VARIANTS).map(|variant| {
        let space = Space::new();
        space.become_variant(variant);
        let started = Instant::now();
        let said = space.run();
        longest = longest.max(started.elapsed());
        assert!(said.starts_with(&format!("{} done", LAYERS * WIDTH)), "{said}");
        space.outputs()
    });
    (made.collect(), longest)
}

#[test]
fn a_run_killed_at_any_moment_is_made_good_by_the_next() {
    let seed = seed();
    let mut random = Random(seed);
    let started = Instant::now();
    runner::graph_json();
    let (expected, mut span) = undisturbed();
    let space = Space::new();
    let (mut variant, mut killed, mut late) = (0, 0, 0);
    while killed < KILLS {
        variant = (variant + 1 + random.below(VARIANTS - 1)) % VARIANTS;
        space.become_variant(variant);
        // Some of them lose what is remembered as well, or meet what the kill before left behind.
        if random.below(20) == 0 {
            let _ = std::fs::remove_file(space.path(".graph/records"));
        }
        let moment = span.mul_f64(f64::from(u32::try_from(random.below(10_000)).unwrap()) / 10_000.0);
        if space.kill_after(moment) {
            killed += 1;
            span = span.mul_f64(1.01);
        } else {
            late += 1;
            span = span.mul_f64(0.9);
        }
        let context = format!("ENGINE_KILL_SEED={seed}, kill {killed} after {moment:?}");
        space.run();
        assert!(space.outputs() == expected[usize::try_from(variant).unwrap()], "{context}: the outputs differ");
        let said = space.run();
        assert!(said.starts_with("0 done"), "{context}: the run after that had something to do: {said}");
    }
    eprintln!("{killed} kills, {late} that came too late, in {:.1?}", started.elapsed());
}
