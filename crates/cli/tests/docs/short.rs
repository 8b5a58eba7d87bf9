//! A command of a page made short: less time, fewer messages and connections, and objectives that
//! no machine misses. What is left is the command: its flags, their order, what it writes.

/// The flags of how long a run lasts.
const DURATION: &[&str] = &["-d", "--duration"];
const CONNECTIONS: &[&str] = &["-c", "--connections"];
const RATE: &[&str] = &["-R", "--rate"];
const WARMUP: &[&str] = &["--warmup"];

/// How long a run lasts that a page lets last for a time. Where the machine gave a run no time at
/// all, and so no answer came in its window, the next length is tried.
pub(crate) const LENGTHS: [&str; 3] = ["300ms", "3s", "20s"];

/// Makes the words of a command, without the program, short: runs last this long.
pub(crate) fn shorten(words: &[String], length: &str) -> Vec<String> {
    let mut line = Line {
        words: words.to_vec(),
        length,
    };
    let command = line.words.first().cloned().unwrap_or_default();
    match command.as_str() {
        "compare" => {
            line.set(&["--rounds"], "2");
            line.run_shortly();
        }
        "find" => {
            line.search_shortly();
            line.set(&["--limit"], "2m");
            line.set(&["--trials"], "4");
        }
        "sweep" => {
            line.search_shortly();
            line.set(&["--points"], "2");
            line.set(&["--rounds"], "1");
            line.edit(RATE, |_| "200..400".to_owned());
        }
        // What a ranking would install, and how long it would take, is planned only.
        "rank" if line.words.iter().any(|word| word.starts_with("suites/")) => {
            if !line.has(&["--plan"]) {
                line.words.push("--plan".to_owned());
            }
        }
        "rank" => line.set(&["--rounds"], "1"),
        "doctor" => line.cap(CONNECTIONS, 20),
        "check" | "preset" | "record" | "report" | "schema" => {}
        _ => line.measure_shortly(),
    }
    line.words
}

/// The words of a command, and how long its runs are to last.
struct Line<'a> {
    words: Vec<String>,
    length: &'a str,
}

impl Line<'_> {
    /// A run without a subcommand.
    fn measure_shortly(&mut self) {
        self.cap(&["--repeat"], 2);
        self.cap(&["--n"], 40);
        self.cap(&["-n", "--messages"], 2_000);
        self.cap(&["--clients"], 40);
        self.edit(&["--ramp"], |_| "100ms".to_owned());
        self.edit(&["--stages"], |stages| {
            let stages = stages
                .split(',')
                .map(|stage| stage.split_once(':').unwrap());
            let short: Vec<_> = stages.map(|(_, rate)| format!("100ms:{rate}")).collect();
            short.join(",")
        });
        if !self.has(&["-n", "--messages", "--clients", "--stages", "--h"]) {
            self.run_shortly();
        }
        self.cap(CONNECTIONS, 20);
    }

    /// A run that lasts for a time.
    fn run_shortly(&mut self) {
        self.set(DURATION, self.length);
        // A storm has no load before it.
        if !self.has(WARMUP) && !self.has(&["storm"]) {
            self.set(WARMUP, "100ms");
        }
        self.cap(RATE, 1_000);
    }

    /// Many runs, under objectives that hold on a busy machine as well.
    fn search_shortly(&mut self) {
        self.set(DURATION, self.length);
        // A storm has no load before it.
        if !self.has(&["storm"]) {
            self.set(WARMUP, "50ms");
        }
        let is_percentile = |figure: &str| {
            let mut parts = figure.split('.').filter_map(|part| part.strip_prefix('p'));
            parts.any(|part| part.starts_with(|it: char| it.is_ascii_digit()))
        };
        self.edit(&["--slo"], |objective| match objective.split_once('<') {
            Some((figure, _)) if is_percentile(figure) => format!("{figure}<10s"),
            _ => objective.to_owned(),
        });
    }

    fn has(&self, names: &[&str]) -> bool {
        self.words.iter().any(|word| names.contains(&word.as_str()))
    }

    /// Gives the flag this value, whether it was there or not.
    fn set(&mut self, names: &[&str], value: &str) {
        if self.has(names) {
            self.edit(names, |_| value.to_owned());
        } else {
            self.words.extend([names[0], value].map(str::to_owned));
        }
    }

    /// Changes the value of the flag wherever it stands.
    fn edit(&mut self, names: &[&str], change: impl Fn(&str) -> String) {
        for at in 1..self.words.len() {
            if names.contains(&self.words[at - 1].as_str()) {
                self.words[at] = change(&self.words[at]);
            }
        }
    }

    /// Lowers a number.
    fn cap(&mut self, names: &[&str], most: u64) {
        self.edit(names, |number| match read(number) {
            Some(read) if read > most => most.to_string(),
            _ => number.to_owned(),
        });
    }
}

/// A number as flags write it: `20k`, `1m`.
fn read(number: &str) -> Option<u64> {
    let (digits, times) = match number.strip_suffix('k') {
        Some(digits) => (digits, 1_000),
        None => match number.strip_suffix('m') {
            Some(digits) => (digits, 1_000_000),
            None => (number, 1),
        },
    };
    Some(digits.parse::<u64>().ok()? * times)
}

#[test]
fn what_is_made_short_keeps_its_flags() {
    let short = |line: &str| {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        shorten(&words, LENGTHS[0]).join(" ")
    };
    assert_eq!(
        short("-R 20k -c 1k -d 60s h:1"),
        "-R 1000 -c 20 -d 300ms h:1 --warmup 100ms"
    );
    assert_eq!(short("-n 1m -p 16 h:1"), "-n 2000 -p 16 h:1");
    assert_eq!(
        short("--stages 10s:1k,1s:2k h:1"),
        "--stages 100ms:1k,100ms:2k h:1"
    );
    assert_eq!(
        short("find h:1 --slo p99<5ms --slo errors<1%"),
        "find h:1 --slo p99<10s --slo errors<1% -d 300ms --warmup 50ms --limit 2m --trials 4"
    );
    assert_eq!(
        short("rank suites/a.toml -o f"),
        "rank suites/a.toml -o f --plan"
    );
}
