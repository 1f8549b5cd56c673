//! A report's blocks as plain text. Of a block that it does not know, it says
//! the type.

use serde_json::Value as Json;

/// What the blocks of a spec say, line by line, with an empty line between
/// blocks.
pub fn lines(spec: &Json) -> Vec<String> {
    let mut lines = Vec::new();
    blocks(&spec["blocks"], &mut lines);
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

fn blocks(list: &Json, lines: &mut Vec<String>) {
    for one in list.as_array().into_iter().flatten() {
        let said = block(one);
        if said.iter().any(|line| !line.is_empty()) {
            lines.extend(said);
            lines.push(String::new());
        }
        // What a heading hides while it is folded.
        blocks(&one["collapsedChildren"], lines);
    }
}

fn block(block: &Json) -> Vec<String> {
    let text = || inline(&block["children"]);
    match word(&block["type"]) {
        "paragraph" => split(&text()),
        "heading" => {
            let level = usize::try_from(block["level"].as_u64().unwrap_or(1)).unwrap_or(1).clamp(1, 6);
            vec![format!("{} {}", "#".repeat(level), text())]
        }
        "markdown-block" => split(word(&block["content"])),
        "code-block" => {
            let mut lines = vec![format!("```{}", word(&block["language"]))];
            lines.extend(each(&block["children"]).flat_map(|line| split(&inline(&line["children"]))));
            lines.push("```".to_owned());
            lines
        }
        "block-quote" => split(&text()).into_iter().map(|line| format!("> {line}")).collect(),
        "callout-block" => {
            each(&block["children"]).map(|line| format!("! {}", inline(&line["children"]))).collect()
        }
        "list" => list(block, ""),
        "horizontal-rule" => vec!["---".to_owned()],
        "latex" => vec![format!("$$ {} $$", word(&block["content"]))],
        "image" | "video" => {
            vec![
                format!("[{}: {}] {}", word(&block["type"]), word(&block["url"]), text())
                    .trim_end()
                    .to_owned(),
            ]
        }
        "table-of-contents" => vec!["[table of contents]".to_owned()],
        "panel-grid" => grid(&block["metadata"]),
        other => vec![format!("[{other}]")],
    }
}

fn list(block: &Json, indent: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (item, number) in each(&block["children"]).zip(1..) {
        let mark = match (item["checked"].as_bool(), item["ordered"].as_bool().or(block["ordered"].as_bool()))
        {
            (Some(true), _) => "[x]".to_owned(),
            (Some(false), _) => "[ ]".to_owned(),
            (None, Some(true)) => format!("{number}."),
            (None, _) => "-".to_owned(),
        };
        let (inner, own): (Vec<_>, Vec<_>) =
            each(&item["children"]).partition(|child| word(&child["type"]) == "list");
        let own: String = own.into_iter().map(one_inline).collect();
        lines.push(format!("{indent}{mark} {own}"));
        lines.extend(inner.into_iter().flat_map(|inner| list(inner, &format!("{indent}  "))));
    }
    lines
}

fn grid(metadata: &Json) -> Vec<String> {
    let runs: Vec<String> = each(&metadata["runSets"])
        .map(|set| match set["project"]["name"].as_str() {
            Some(project) => format!("{}/{project}", word(&set["project"]["entityName"])),
            None => "this project".to_owned(),
        })
        .collect();
    let mut lines = vec![format!("[panels of runs of {}]", runs.join(", "))];
    for panel in each(&metadata["panelBankSectionConfig"]["panels"]) {
        let config = &panel["config"];
        let title = config["chartTitle"].as_str().unwrap_or_default();
        let metrics: Vec<_> = each(&config["metrics"]).filter_map(Json::as_str).collect();
        let mut line = format!("  {}", word(&panel["viewType"]));
        for (before, said) in [(" ", title), (": ", &metrics.join(", "))] {
            if !said.is_empty() {
                line = format!("{line}{before}{said}");
            }
        }
        lines.push(line);
    }
    lines
}

fn inline(children: &Json) -> String {
    each(children).map(one_inline).collect()
}

fn one_inline(child: &Json) -> String {
    let text = child["text"].as_str().map_or_else(|| inline(&child["children"]), str::to_owned);
    match (word(&child["type"]), child["url"].as_str()) {
        ("link", Some(url)) => format!("{text} ({url})"),
        _ if child["inlineCode"] == true => format!("`{text}`"),
        ("latex", _) => format!("${}$", word(&child["content"])),
        _ => text,
    }
}

fn each(list: &Json) -> impl Iterator<Item = &Json> {
    list.as_array().into_iter().flatten()
}

fn word(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}

fn split(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blocks_read_as_text() {
        let text = |text: &str| json!([{ "text": text }]);
        let spec = json!({ "blocks": [
            { "type": "paragraph", "children": text("") },
            { "type": "heading", "level": 2, "children": text("Loss"),
              "collapsedChildren": [{ "type": "paragraph", "children": text("folded") }] },
            { "type": "markdown-block", "content": "a\n**b**" },
            { "type": "paragraph", "children": [
                { "text": "see " }, { "type": "link", "url": "http://h", "children": text("here") } ] },
            { "type": "list", "children": [
                { "type": "list-item", "ordered": true, "children": [
                    { "type": "paragraph", "children": text("one") },
                    { "type": "list", "children": [
                        { "type": "list-item", "checked": true, "children": text("done") } ] } ] } ] },
            { "type": "image", "url": "http://i", "children": text("so") },
            { "type": "code-block", "language": "python", "children": [
                { "type": "code-line", "children": text("x = 1") } ] },
            { "type": "panel-grid", "metadata": {
                "runSets": [{ "project": { "name": "p", "entityName": "e" } }, {}],
                "panelBankSectionConfig": { "panels": [
                    { "viewType": "Run History Line Plot", "config": { "chartTitle": "T", "metrics": ["a", "b"] } } ] } } },
            { "type": "of another version" },
        ] });
        let said = "## Loss\n\nfolded\n\na\n**b**\n\nsee here (http://h)\n\n1. one\n  [x] done\n\n[image: http://i] so\n\n```python\nx = 1\n```\n\n\
            [panels of runs of e/p, this project]\n  Run History Line Plot T: a, b\n\n[of another version]";
        assert_eq!(lines(&spec).join("\n"), said);
        assert!(lines(&json!("nonsense")).is_empty());
    }
}
