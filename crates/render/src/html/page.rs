//! The page around what is shown: head, style, folds, script and foot. It needs nothing from
//! elsewhere, and forbids the browser to fetch anything.

use wsbench_record::audit::{Recurring, Severity};
use wsbench_setting::Spelling;

use super::markup::Markup;
use super::plot::Plot;

const STYLE: &str = include_str!("../../assets/page.css");
const SCRIPT: &str = include_str!("../../assets/page.js");
/// Marks of series, and hatchings, that pictures refer to.
const MARKS: &str = "<svg class=\"defs\" aria-hidden=\"true\"><defs>\
    <circle id=\"m0\" r=\"3.5\"/><path id=\"m1\" d=\"M-4 3.5h8L0-4z\"/>\
    <rect id=\"m2\" x=\"-3.5\" y=\"-3.5\" width=\"7\" height=\"7\"/>\
    <path id=\"m3\" d=\"M0-4.5 4.5 0 0 4.5-4.5 0z\"/>\
    <circle id=\"ms\" r=\"2\"/><path id=\"mx\" d=\"M-4-4 4 4M-4 4 4-4\"/><path id=\"mr\" d=\"M-5-4 0 0-5 4M-13 0H0\"/>\
    <path id=\"ml\" d=\"M5-4 0 0 5 4M13 0H0\"/>\
    <pattern id=\"hatch\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\">\
    <path class=\"h\" d=\"M-1 8 8-1\" opacity=\".45\"/></pattern>\
    <pattern id=\"waits\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\">\
    <path class=\"w\" d=\"M-1 8 8-1\"/></pattern></defs></svg>\n";

/// Policy of what the page may load and run: itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      img-src data:";

/// A page that is being written.
#[derive(Clone, Debug)]
pub(super) struct Page {
    title: String,
    header: Markup,
    body: Markup,
    charts: usize,
    extra: Option<(&'static str, &'static str)>,
    is_in_folds: bool,
    spelling: &'static dyn Spelling,
}

impl Page {
    /// A page under this title, which says below it what was done and beside it when, and names
    /// settings in these words.
    pub(super) fn new(title: &str, spelling: &'static dyn Spelling) -> Self {
        Self {
            title: title.to_owned(),
            header: Markup::new(),
            body: Markup::new(),
            charts: 0,
            extra: None,
            is_in_folds: false,
            spelling,
        }
    }

    /// Puts the head of the page: the title, what was done, and when and by what.
    pub(super) fn head(&mut self, done: &str, origin: &str, links: &[(&str, &str)]) -> &mut Self {
        let mut head = Markup::new();
        head.open("header", &[("class", "head")]).open("div", &[]);
        head.element("h1", &[], &self.title);
        head.element("p", &[("class", "sub")], done).close("div");
        head.open("div", &[("class", "meta")]);
        head.element("p", &[], origin).open("p", &[]);
        for (to, words) in links {
            head.element("a", &[("href", to)], words);
        }
        head.close("p").close("div").close("header");
        self.header = head;
        self
    }

    /// The words for settings on this page.
    pub(super) fn spelling(&self) -> &'static dyn Spelling {
        self.spelling
    }

    /// A heading.
    pub(super) fn heading(&mut self, words: &str) -> &mut Self {
        self.body.element("h3", &[], words);
        self
    }

    /// A paragraph.
    pub(super) fn prose(&mut self, words: &str) -> &mut Self {
        self.body.open("p", &[]).prose(words).close("p");
        self
    }

    /// A paragraph of lesser weight.
    pub(super) fn quiet(&mut self, words: &str) -> &mut Self {
        let class = [("class", "quiet note")];
        self.body.open("p", &class).prose(words).close("p");
        self
    }

    /// A command line.
    pub(super) fn command(&mut self, words: &str) -> &mut Self {
        self.body
            .open("pre", &[])
            .element("code", &[], words)
            .close("pre");
        self
    }

    /// A piece of HTML.
    pub(super) fn push(&mut self, piece: &Markup) -> &mut Self {
        self.body.push(piece);
        self
    }

    /// A chart, if there is anything on it.
    pub(super) fn chart(&mut self, plot: &Plot) -> &mut Self {
        self.charts += 1;
        let figure = plot.figure(self.charts);
        self.body.push(&figure);
        self
    }

    /// Begins what stands in two columns where there is room.
    pub(super) fn columns(&mut self) -> &mut Self {
        self.body.open("div", &[("class", "two")]);
        self
    }

    /// Ends it.
    pub(super) fn end(&mut self) -> &mut Self {
        self.body.close("div");
        self
    }

    /// Begins what is shown when its heading is opened; its closed line says the gist of it.
    pub(super) fn fold(&mut self, id: &str, heading: &str, gist: &str) -> &mut Self {
        self.fold_of("", id, heading, gist)
    }

    /// The same of what print opens.
    pub(super) fn fold_of(
        &mut self,
        class: &str,
        id: &str,
        heading: &str,
        gist: &str,
    ) -> &mut Self {
        if !self.is_in_folds {
            self.body.open("div", &[("class", "folds")]);
            self.is_in_folds = true;
        }
        self.body.push(&opened(class, id, heading, gist));
        self
    }

    /// Ends it.
    pub(super) fn unfold(&mut self) -> &mut Self {
        self.body.close("details");
        self
    }

    /// A style and a script that only this kind of page needs.
    pub(super) fn extra(&mut self, style: &'static str, script: &'static str) -> &mut Self {
        self.extra = Some((style, script));
        self
    }

    /// The whole page.
    pub(super) fn html(&self) -> String {
        let mut page = Markup::new();
        page.constant("<!doctype html>\n")
            .open("html", &[("lang", "en")]);
        page.open("head", &[]);
        page.open("meta", &[("charset", "utf-8")]);
        let policy = [
            ("http-equiv", "Content-Security-Policy"),
            ("content", POLICY),
        ];
        page.open("meta", &policy);
        let viewport = "width=device-width, initial-scale=1";
        page.open("meta", &[("name", "viewport"), ("content", viewport)]);
        let scheme = [("name", "color-scheme"), ("content", "light dark")];
        page.open("meta", &scheme);
        page.element("title", &[], &format!("{} – wsbench", self.title));
        page.open("link", &[("rel", "icon"), ("href", "data:,")]);
        let (style, script) = self.extra.unwrap_or_default();
        page.open("style", &[]);
        page.constant(&tight(STYLE)).constant(&tight(style));
        page.close("style").close("head").open("body", &[]);
        page.constant(MARKS).open("main", &[]).push(&self.header);
        page.push(&self.body);
        if self.is_in_folds {
            page.close("div");
        }
        page.close("main");
        for script in [SCRIPT, script].into_iter().filter(|one| !one.is_empty()) {
            page.open("script", &[]).constant(&tight(script));
            page.close("script");
        }
        page.close("body").close("html");
        page.into_html()
    }
}

/// A style or a script of ours without indentation and lines of comment: no string of theirs goes
/// over lines.
fn tight(source: &str) -> String {
    let lines = source.lines().map(str::trim_start);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The beginning of a fold, with its closed line.
pub(super) fn opened(class: &str, id: &str, heading: &str, gist: &str) -> Markup {
    let mut fold = Markup::new();
    let attributes = [("class", class), ("id", id)];
    let skip = usize::from(class.is_empty());
    fold.open("details", &attributes[skip..]);
    fold.open("summary", &[]).text(heading);
    if !gist.is_empty() {
        fold.open("span", &[]).prose(gist).close("span");
    }
    fold.close("summary");
    fold
}

/// Caveats against believing a figure, the gravest first, as a list.
pub(super) fn caveats<'a>(found: impl IntoIterator<Item = (Severity, &'a str, &'a str)>) -> Markup {
    let mut list = Markup::new();
    for (severity, message, advice) in found {
        let (sign, class, word) = severity_words(severity);
        list.open("li", &[]);
        list.element("b", &[("class", class)], &format!("{sign} {word}"));
        list.text(" ").prose(message);
        if !advice.is_empty() {
            list.text(" ").open("span", &[("class", "advice")]);
            list.prose(advice).close("span");
        }
        list.close("li");
    }
    let mut caveats = Markup::new();
    if !list.is_empty() {
        caveats.wrapped("ul", &[("class", "caveats")], &list);
    }
    caveats
}

/// The doubts about several runs, each with how often it is seen, as a list.
pub(super) fn recurring(found: &[Recurring]) -> Markup {
    let words = |caveat: &Recurring| format!("{}: {}", caveat.how_often(), caveat.message);
    let all: Vec<String> = found.iter().map(words).collect();
    let each = found.iter().zip(&all);
    caveats(each.map(|(caveat, words)| (caveat.severity, words.as_str(), caveat.advice.as_str())))
}

/// The sign, the class and the word of a caveat's weight.
pub(super) fn severity_words(severity: Severity) -> (&'static str, &'static str, &'static str) {
    match severity {
        Severity::Note => ("·", "quiet", "note"),
        Severity::Doubtful => ("▲", "doubt", "doubtful"),
        Severity::Invalid => ("✕", "bad", "invalid"),
    }
}

/// The one sentence that is looked for first, and what must be said beside it.
pub(super) fn said(class: &str, words: &str, beside: &Markup) -> Markup {
    let class = format!("said {class}");
    let mut said = Markup::new();
    said.open("div", &[("class", &class)]);
    said.open("p", &[]).prose(words).close("p");
    if !beside.is_empty() {
        said.wrapped("p", &[], beside);
    }
    said.close("div");
    said
}

/// One figure in large print: its name, the figure, and what stands below it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tile {
    /// Its name.
    pub(super) name: String,
    /// The figure with its unit behind a space.
    pub(super) figure: String,
    /// Its interval, or what else is to be known.
    pub(super) beside: String,
    /// Class of the figure: its tone.
    pub(super) class: &'static str,
}

/// Figures in large print, the first one larger still.
pub(super) fn tiles(tiles: &[Tile]) -> Markup {
    let mut list = Markup::new();
    list.open("dl", &[("class", "figs")]);
    for (at, tile) in tiles.iter().enumerate() {
        let lead: &[_] = if at == 0 { &[("class", "lead")] } else { &[] };
        list.open("div", lead);
        list.element("dt", &[], &tile.name);
        list.open("dd", &[]);
        let (digits, unit) = match tile.figure.rsplit_once(' ') {
            Some((digits, unit)) if digits.contains(|one: char| one.is_ascii_digit()) => {
                (digits, unit)
            }
            _ => (tile.figure.as_str(), ""),
        };
        let class: &[_] = if tile.class.is_empty() {
            &[]
        } else {
            &[("class", tile.class)]
        };
        list.open("b", class).text(digits);
        list.constant("</b>");
        if !unit.is_empty() {
            list.text(" ").open("i", &[]).text(unit);
            list.constant("</i>");
        }
        list.close("dd");
        list.element("dd", &[("class", "beside")], &tile.beside);
        list.close("div");
    }
    list.close("dl");
    list
}
