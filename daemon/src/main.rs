//! temporary
fn main() {
    let idle = std::env::args().position(|a| a == "--idle").and_then(|i| std::env::args().nth(i + 1)).and_then(|s| s.parse().ok()).map(std::time::Duration::from_secs);
    let home = pannier::home::Home::find();
    if let Err(e) = pannier::daemon::run(pannier::daemon::Options { home, idle, listen: None }) { eprintln!("error: {e}"); std::process::exit(1); }
}
