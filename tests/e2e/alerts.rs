//! Alerts: each is there, by whichever of a run's programs it was raised.

use std::sync::Barrier;

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::wandb::Door;
use serde_json::json;

/// Several programs that write one run raise alerts at the same moment.
#[test]
fn no_alert_is_lost_to_another() {
    const DOCUMENT: &str = "mutation Alert($r: String!, $title: String!) {
        notifyScriptableRunAlert(input: {projectName: \"p\", runName: $r, title: $title, text: \"t\", severity: WARN}) {
            success } }";
    let home = TestHome::new();
    let _daemon = TestDaemon::start(&home);
    let door = &Door::of(&home);
    door.begin("p", "r", &json!({}));
    let together = Barrier::new(8);
    std::thread::scope(|scope| {
        for program in 0..8 {
            let together = &together;
            scope.spawn(move || {
                together.wait();
                for nth in 0..5 {
                    let title = format!("{program}/{nth}");
                    let _ = door.data(DOCUMENT, &json!({"r": "r", "title": title}));
                }
            });
        }
    });
    let run = door.http().get("/v1/runs/local/p/r").expect(200).json();
    let alerts = run["metadata"]["alerts"].as_array().expect("a list").clone();
    let mut titles: Vec<_> = alerts.iter().map(|alert| alert["title"].as_str().unwrap().to_owned()).collect();
    titles.sort();
    let expected: Vec<_> = (0..40).map(|n| format!("{}/{}", n / 5, n % 5)).collect();
    assert_eq!(titles, expected);
    assert_eq!((&alerts[0]["level"], &alerts[0]["text"]), (&json!("WARN"), &json!("t")));
    let refused = door.ask(DOCUMENT, &json!({"r": "nobody", "title": "x"}));
    assert!(
        refused["errors"][0]["message"].as_str().is_some_and(|said| said.contains("nobody")),
        "{refused}"
    );
}
