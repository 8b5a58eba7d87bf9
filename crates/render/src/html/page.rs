//! The page around what is shown: head, style, scripts and foot. It needs nothing from elsewhere,
//! and forbids the browser to fetch anything.

use wsbench_record::audit::{Recurring, Severity};
use wsbench_setting::Spelling;

use super::markup::Markup;
use super::plot::Plot;

const STYLE: &str = include_str!("../../assets/page.css");
const TABLES: &str = include_str!("../../assets/tables.js");
const PLOTS: &str = include_str!("../../assets/plots.js");
const UPLOT_STYLE: &str = include_str!("../../assets/uplot/uPlot.min.css");
const UPLOT: &str = include_str!("../../assets/uplot/uPlot.iife.min.js");
const UPLOT_LICENSE: &str = include_str!("../../assets/uplot/LICENSE");

/// Policy of what the page may load and run: itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      img-src data:";

/// A page that is being written.
#[derive(Clone, Debug)]
pub(super) struct Page {
    title: String,
    header: Markup,
    body: Markup,
    sections: Vec<(String, String)>,
    plots: usize,
    scripts: Vec<&'static str>,
    has_contents: bool,
    spelling: &'static dyn Spelling,
}

impl Page {
    /// A page under this title, with a kind ("Run") above it, which names settings in these words.
    pub(super) fn new(kind: &str, title: &str, spelling: &'static dyn Spelling) -> Self {
        let mut header = Markup::new();
        header.open("header", &[]);
        header.element("p", &[("class", "kind")], kind);
        header.element("h1", &[], title);
        header.close("header");
        Self {
            title: title.to_owned(),
            header,
            body: Markup::new(),
            sections: Vec::new(),
            plots: 0,
            scripts: Vec::new(),
            has_contents: false,
            spelling,
        }
    }

    /// The words for settings on this page.
    pub(super) fn spelling(&self) -> &'static dyn Spelling {
        self.spelling
    }

    /// Puts the contents at the head of the page, too: it is a long one.
    pub(super) fn contents(&mut self) -> &mut Self {
        self.has_contents = true;
        self
    }

    /// Begins a section under a heading, with a link to it among the contents.
    pub(super) fn section(&mut self, id: &str, heading: &str) -> &mut Self {
        self.sections.push((id.to_owned(), heading.to_owned()));
        self.body.element("h2", &[("id", id)], heading);
        self
    }

    /// A heading within a section.
    pub(super) fn heading(&mut self, words: &str) -> &mut Self {
        self.body.element("h3", &[], words);
        self
    }

    /// A paragraph.
    pub(super) fn prose(&mut self, words: &str) -> &mut Self {
        self.body.element("p", &[], words);
        self
    }

    /// A paragraph of lesser weight.
    pub(super) fn quiet(&mut self, words: &str) -> &mut Self {
        self.body.element("p", &[("class", "quiet")], words);
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

    /// A plot, if there is anything on it.
    pub(super) fn plot(&mut self, plot: &Plot) -> &mut Self {
        self.plots += 1;
        let figure = plot.figure(self.plots);
        self.body.push(&figure);
        self
    }

    /// Begins what is shown when its heading is opened.
    pub(super) fn folded(&mut self, id: &str, heading: &str) -> &mut Self {
        self.body.open("details", &[("id", id)]);
        self.body.element("summary", &[], heading);
        self
    }

    /// Ends it.
    pub(super) fn unfolded(&mut self) -> &mut Self {
        self.body.close("details");
        self
    }

    /// A script that only this kind of page needs.
    pub(super) fn script(&mut self, script: &'static str) -> &mut Self {
        self.scripts.push(script);
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
        page.open(
            "meta",
            &[("name", "color-scheme"), ("content", "light dark")],
        );
        page.element("title", &[], &format!("{} – wsbench", self.title));
        page.open("link", &[("rel", "icon"), ("href", "data:,")]);
        for style in [UPLOT_STYLE, STYLE] {
            page.open("style", &[]).constant(style).close("style");
        }
        page.close("head").open("body", &[]).open("main", &[]);
        page.push(&self.header);
        if self.has_contents {
            page.push(&self.links());
        }
        page.push(&self.body);
        page.close("main");
        self.foot(&mut page);
        let scripts = [UPLOT, TABLES, PLOTS]
            .into_iter()
            .chain(self.scripts.iter().copied());
        for script in scripts {
            page.open("script", &[]).constant(script).close("script");
        }
        page.close("body").close("html");
        page.into_html()
    }

    /// Links to the sections.
    fn links(&self) -> Markup {
        let mut links = Markup::new();
        links.open("nav", &[("aria-label", "Sections")]);
        for (id, heading) in &self.sections {
            links.element("a", &[("href", &format!("#{id}"))], heading);
        }
        links.close("nav");
        links
    }

    fn foot(&self, page: &mut Markup) {
        page.open("footer", &[]);
        if self.sections.len() > 3 {
            page.push(&self.links());
        }
        page.element(
            "p",
            &[],
            "Made by wsbench. The page is whole: it loads nothing, and says the same without \
             scripts.",
        );
        page.open("details", &[]);
        page.element(
            "summary",
            &[],
            "Licence of uPlot, which draws the plots under the pointer",
        );
        for paragraph in UPLOT_LICENSE.split("\n\n") {
            page.element("p", &[], &paragraph.replace('\n', " "));
        }
        page.close("details").close("footer");
    }
}

/// Caveats against believing a figure, the gravest first, as a list.
pub(super) fn caveats<'a>(found: impl IntoIterator<Item = (Severity, &'a str, &'a str)>) -> Markup {
    let mut list = Markup::new();
    for (severity, message, advice) in found {
        let (class, word) = severity_words(severity);
        list.open("li", &[("class", class)]);
        list.element("b", &[], word).text(" ").text(message);
        if !advice.is_empty() {
            list.text(" ")
                .element("span", &[("class", "advice")], advice);
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

/// The class and the word of a caveat's weight.
pub(super) fn severity_words(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Note => ("note", "note"),
        Severity::Doubtful => ("doubt", "doubtful"),
        Severity::Invalid => ("bad", "invalid"),
    }
}

/// The one sentence that is looked for first, in the tone that it deserves.
pub(super) fn verdict(class: &str, words: &str) -> Markup {
    let class = format!("verdict {class}");
    Markup::of("p", &[("class", &class)], words)
}

/// Figures in large print, each over what it is.
pub(super) fn tiles(tiles: &[(String, String, String)]) -> Markup {
    let mut list = Markup::new();
    list.open("dl", &[("class", "tiles")]);
    for (name, figure, beside) in tiles {
        list.open("div", &[]);
        list.element("dt", &[], name);
        list.element("dd", &[], figure);
        list.element("dd", &[("class", "beside")], beside);
        list.close("div");
    }
    list.close("dl");
    list
}
