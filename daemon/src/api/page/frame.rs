//! The frame around every page: head, the way back, sign-out, and the headers
//! by which a browser lets a page do nothing but be read.

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use pannier_proto::request::ErrorBody;

use super::html::Html;
use crate::token;

const STYLE: &str = include_str!("style.css");

/// A page.
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// What it is about.
    pub title: String,
    /// Where it lies: paths and names, the nearest last.
    pub way: Vec<(String, String)>,
    /// Who looks at it, where he may sign out.
    pub viewer: Option<String>,
    /// Where the browser is to go on to by itself.
    pub onward: Option<String>,
    /// What it says.
    pub body: Html,
}

impl Page {
    /// A page that says nothing yet.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            status: StatusCode::OK,
            title: title.into(),
            way: Vec::new(),
            viewer: None,
            onward: None,
            body: Html::default(),
        }
    }

    fn document(&self, nonce: &str) -> String {
        let mut html = Html::default();
        html.tag("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.tag("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        if let Some(onward) = &self.onward {
            html.tag("<meta http-equiv=\"refresh\" content=\"0; url=").text(onward).tag("\">\n");
        }
        html.tag("<title>")
            .text(&self.title)
            .tag(" · pannier</title>\n<style nonce=\"")
            .text(nonce)
            .tag("\">");
        html.tag(STYLE).tag("</style>\n</head>\n<body>\n<header>\n<nav aria-label=\"Where this is\"><ol>");
        html.tag("<li>").link("/", "pannier").tag("</li>");
        for (path, name) in &self.way {
            html.tag("<li>").link(path, name).tag("</li>");
        }
        html.tag("</ol></nav>\n");
        if let Some(viewer) = &self.viewer {
            html.tag("<form method=\"post\" action=\"/logout\"><span>").name(viewer);
            html.tag("</span><button>Sign out</button></form>\n");
        }
        html.tag("</header>\n<main>\n<h1>").name(&self.title).tag("</h1>\n").add(&self.body);
        html.tag("\n</main>\n</body>\n</html>\n");
        html.into_string()
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        // Only the style depends on it: a page without random numbers is safe, too.
        let nonce = STANDARD.encode(token::random::<16>().unwrap_or_default());
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        );
        let headers = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, policy.as_str()),
            // Under `no-referrer` a browser says `Origin: null` with a form, as
            // if it came from somewhere else.
            (REFERRER_POLICY, "same-origin"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (CACHE_CONTROL, "no-store"),
        ];
        (self.status, headers, self.document(&nonce)).into_response()
    }
}

/// A refusal.
pub fn refused(status: StatusCode, said: &ErrorBody) -> Page {
    let mut page = Page::new(status.canonical_reason().unwrap_or("This cannot be shown"));
    page.status = status;
    page.body.tag("<p>").text(&said.error).tag("</p>");
    if let Some(hint) = &said.hint {
        page.body.tag("<p class=\"soft\">").text(hint).tag("</p>");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_wherever_the_frame_has_them() {
        let mut page = Page::new("<script>");
        page.way.push(("/x\"><b".to_owned(), "<i>".to_owned()));
        page.viewer = Some("<u>".to_owned());
        page.onward = Some("/\"<".to_owned());
        let document = page.document("n");
        for markup in ["<script", "x\"><b", "<i>", "<u>", "\"<"] {
            assert!(!document.contains(markup), "{markup}");
        }
    }

    #[test]
    fn a_page_may_do_nothing_but_be_read() {
        let response = Page::new("x").into_response();
        let header = |name| response.headers()[name].to_str().unwrap();
        let policy = header(CONTENT_SECURITY_POLICY);
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"]
        {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
        assert_eq!((header(CACHE_CONTROL), header(X_CONTENT_TYPE_OPTIONS)), ("no-store", "nosniff"));
        assert_ne!(policy, Page::new("x").into_response().headers()[CONTENT_SECURITY_POLICY], "a nonce");
    }
}
