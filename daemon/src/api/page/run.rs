//! A run: what is known of it, what it came to, its files, and the end of what
//! it printed.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Redirect;
use pannier_proto::id::RunPath;
use pannier_proto::path::RelPath;
use pannier_proto::request::{MetricView, RunView};
use serde_json::{Map, Value as Json};

use super::Shown;
use super::frame::Page;
use super::html::{Html, without_colours};
use super::overview::{entity_path, project_path, run_path};
use super::table::{Cell, write_facts, write_table};
use crate::api::auth::Caller;
use crate::api::open::existing;
use crate::api::wandb::console::tail;
use crate::api::wandb::file::{Held, held_with};
use crate::api::{App, blocking};
use crate::capability::{Grant, sign};
use crate::clock::now_s;
use crate::limits::LINK_LIFE;
use crate::store::{self, Store};

type RunRef = Path<(String, String, String)>;

/// Lines of the console that are shown.
const LINES: usize = 200;

/// What the page shows.
struct Known {
    view: RunView,
    metrics: Vec<MetricView>,
    /// Paths, and sizes of those that are stored.
    files: Vec<(RelPath, Option<u64>, i64)>,
    console: Vec<String>,
    /// Whether the console has earlier lines.
    earlier: bool,
}

impl Known {
    fn of(store: &Store, path: &RunPath) -> store::Result<Self> {
        let view = store.run(path)?;
        let (console, earlier) = tail(store, path, LINES)?;
        let files =
            held_with(store, &view, console.concat())?.into_iter().map(|(path, (held, updated_us))| {
                let size = if let Held::Stored(content) = held { Some(content.size) } else { None };
                (path, size, updated_us)
            });
        Ok(Self { metrics: store.metrics(path)?, files: files.collect(), view, console, earlier })
    }
}

/// `/ENTITY/PROJECT/runs/RUN`.
pub async fn run(State(app): State<App>, Extension(caller): Extension<Caller>, Path(raw): RunRef) -> Shown {
    let path = existing(&app, &raw).await?;
    let store = app.store.clone();
    let known = blocking(move || Known::of(&store, &path)).await?;
    let RunPath { entity, project, run } = &known.view.path;
    let mut page = Page::new(known.view.fields.name.as_deref().unwrap_or(run));
    page.viewer = Some(caller.name);
    page.way = vec![
        (entity_path(entity), entity.clone()),
        (project_path(entity, project), project.clone()),
        (run_path(&known.view.path), run.clone()),
    ];
    let html = &mut page.body;
    write_facts(&facts(&known.view), html);
    write_map("Summary", &known.view.summary, html);
    write_map("Config", &known.view.config, html);
    write_metrics(&known.metrics, html);
    write_files(&app, &known, html);
    write_console(&known, html);
    write_how_to_read(&known.view.path, html);
    Ok(page)
}

/// The deeper paths that W&B has for a run.
pub async fn to_run(Path((entity, project, run, _tab)): Path<(String, String, String, String)>) -> Redirect {
    Redirect::to(&run_path(&RunPath { entity, project, run }))
}

fn facts(run: &RunView) -> Vec<(&'static str, Cell)> {
    let mut facts = vec![("State", Cell::State(run.state.as_str()))];
    let mut number = |name, number: Option<String>| facts.extend(number.map(|n| (name, Cell::Number(n))));
    number("Exit code", run.exit_code.map(|code| code.to_string()));
    number("Last step", run.last_step.map(|step| step.to_string()));
    number("Rows", Some(run.history_rows.to_string()));
    number("Log calls that could not be kept", (run.dropped > 0).then(|| run.dropped.to_string()));
    facts.push(("Created", Cell::Time(run.created_us)));
    facts.push(("Last change", Cell::Time(run.updated_us)));
    let fields = &run.fields;
    let tags = fields.tags.as_ref().filter(|tags| !tags.is_empty()).map(|tags| tags.join(", "));
    for (name, text) in [
        ("Group", fields.group.clone()),
        ("Job type", fields.job_type.clone()),
        ("Tags", tags),
        ("Notes", fields.notes.clone()),
    ] {
        facts.extend(text.filter(|text| !text.is_empty()).map(|text| (name, Cell::Text(text))));
    }
    facts
}

fn write_map(title: &'static str, map: &Map<String, Json>, html: &mut Html) {
    let rows = map.iter().map(|(key, value)| vec![Cell::Name(key.clone()), Cell::value(value)]);
    write_table(title, &["Key", "Value"], rows, "<code>pannier runs show RUN --json</code> has all", html);
}

fn write_metrics(metrics: &[MetricView], html: &mut Html) {
    let rows = metrics.iter().map(|metric| {
        let count = Cell::Number(metric.count.to_string());
        vec![Cell::Name(metric.key.clone()), Cell::value(&metric.last), count]
    });
    let others = "<code>pannier runs history RUN --csv</code> has all";
    write_table("Metrics", &["Metric", "Last value", "Numbers logged"], rows, others, html);
}

fn write_files(app: &App, known: &Known, html: &mut Html) {
    let rows = known.files.iter().map(|(path, size, updated_us)| {
        let grant = Grant::GetFile { run: known.view.path.clone(), path: path.clone() };
        let capability = sign(&app.web.blob_key, &grant, now_s() + LINK_LIFE.as_secs());
        let link = Cell::Link(format!("/blob/{capability}"), path.to_string());
        let size = Cell::Number(size.map(|size| size.to_string()).unwrap_or_default());
        vec![link, size, Cell::Time(*updated_us)]
    });
    let others = "<code>pannier runs export RUN -o DIR</code> writes all";
    write_table("Files", &["File", "Bytes", "Changed"], rows, others, html);
}

fn write_console(known: &Known, html: &mut Html) {
    if known.console.is_empty() {
        return;
    }
    html.tag("<h2>Console</h2>\n");
    if known.earlier {
        html.tag("<p class=\"soft\">The last ").text(&known.console.len().to_string());
        html.tag(" lines; <code>pannier runs console RUN</code> has all.</p>\n");
    }
    html.tag("<pre class=\"lines\" tabindex=\"0\" role=\"region\" aria-label=\"Console\">");
    for line in &known.console {
        // A progress bar: what it was in the end.
        let shown = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
        html.text(&without_colours(shown)).tag("\n");
    }
    html.tag("</pre>\n");
}

fn write_how_to_read(path: &RunPath, html: &mut Html) {
    let path = path.to_string();
    html.tag("<h2>Read it elsewhere</h2>\n<pre>import pannier\nrun = pannier.Api().run(");
    // A string of JSON is one of Python.
    html.text(&Json::from(path.as_str()).to_string()).tag(")\nrun.history()</pre>\n<pre>pannier runs show ");
    html.text(&word(&path)).tag("</pre>\n");
}

/// Text as one word of a shell, whatever is in it.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/@+=".contains(c);
    if text.chars().all(plain) && !text.starts_with('-') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_copied_does_what_it_says() {
        assert_eq!(word("e/p/r-1.x"), "e/p/r-1.x");
        assert_eq!(word("-e/p/r"), "'-e/p/r'");
        assert_eq!(word("e/p/$(rm it)"), "'e/p/$(rm it)'");
        assert_eq!(word("e/p/a'b;c"), "'e/p/a'\\''b;c'");
    }
}
