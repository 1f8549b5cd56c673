//! The power fails: what was acknowledged as durable is there when it is back,
//! and the home opens without help. Also the place where the workload for the
//! negative control lives.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pannier_tests::daemon::{TestDaemon, TestHome};
use pannier_tests::ledger::{Accepted, Claim, Ledger, judge_rows, text, value};
use pannier_tests::loopmount::{Mount, possible};
use pannier_tests::trainer::{Trainer, Training, claim};
use pannier_tests::wandb::{Door, history_post, line};
use serde_json::json;

#[test]
fn what_was_acknowledged_is_there_after_a_power_cut() {
    if let Err(missing) = possible(&["mkfs.ext4", "mount"]) {
        println!("left out: {missing}");
        return;
    }
    for trial in 0..2 {
        match power_cut(None) {
            Ok(faults) => assert_eq!(faults, Vec::<String>::new(), "trial {trial}"),
            Err(missing) => return left_out(&missing),
        }
    }
}

/// Says why, or fails where it must not be left out.
pub fn left_out(missing: &str) {
    assert!(std::env::var_os("PANNIER_REQUIRE_ROOT_TESTS").is_none(), "{missing}");
    println!("left out: {missing}");
}

/// Trains on a disk of its own, cuts its power, and judges what is there when
/// it is back: the faults, each a sentence.
pub fn power_cut(sabotage: Option<&str>) -> Result<Vec<String>, String> {
    let mount = Mount::ext4(96)?;
    let path = mount.path().join("home");
    std::fs::create_dir(&path).map_err(|error| error.to_string())?;
    let home = TestHome::at(&path);
    let daemon = TestDaemon::start_with(&home, |command| match sabotage {
        Some(fault) => command.env("PANNIER_SABOTAGE", fault),
        None => command,
    });
    let posted = claim("local/power/posted", home.beside("posted.ledger"));
    let finished: Vec<Claim> = (0..3).map(|n| finished_run(&home, n)).collect();
    let still_training = Trainer::new(&home, "power", "cut").pause(Duration::from_millis(1)).start();
    let cut = AtomicBool::new(false);
    let (door, mut streamed) = (Door::of(&home), Streamed::default());
    let links = upload_links(&door);
    std::thread::scope(|scope| {
        scope.spawn(|| post_rows(&home, &posted, &cut));
        scope.spawn(|| streamed.send(&door, &links, &cut));
        let until = Instant::now() + Duration::from_secs(1);
        pannier_tests::wait::until("a second has passed", || (Instant::now() > until).then_some(()));
        mount.cut_power();
        cut.store(true, Ordering::SeqCst);
        daemon.kill();
    });
    let training: Claim = Training::kill(still_training);
    mount.power_on();
    let _daemon = TestDaemon::start(&home);
    let mut faults = Vec::new();
    let mut check =
        |claim: &Claim, must: &[i64]| faults.extend(judge_rows(&home.http(), &claim.run, must).err());
    for claim in &finished {
        let accepted = Accepted::read(&claim.ledger);
        check(claim, if accepted.finished { &accepted.rows } else { &[] });
    }
    let accepted = Accepted::read(&posted.ledger).rows;
    println!("{} rows posted and acknowledged", accepted.len());
    check(&posted, &accepted);
    println!("{} rows streamed and {} files sent by W&B's door", streamed.rows.len(), streamed.files.len());
    faults.extend(streamed.missing(&Door::of(&home)));
    // Of a run that is being written, a second may be gone; what is there is in order.
    check_order(&home, &training, &mut faults);
    Ok(faults)
}

fn finished_run(home: &TestHome, n: usize) -> Claim {
    let trained = Trainer::new(home, "power", &format!("finished{n}")).rows(200).run();
    assert_eq!(trained.figures["durable"], true, "finish() waits for the daemon");
    trained.claim
}

/// Appends rows by HTTP, each with an answer that means durable.
fn post_rows(home: &TestHome, claim: &Claim, cut: &AtomicBool) {
    let http = home.http();
    let mut ledger = Ledger::open(&claim.ledger);
    let _ = http.post("/v1/runs", &json!({"project": "power", "run": "posted"})).expect(200);
    for n in 0.. {
        let mut row = json!({"n": n, "x": value(n)});
        if let Some(text) = text(n) {
            row["s"] = text.into();
        }
        let line = json!({"history": {"row": row, "step": n}}).to_string();
        let route = format!("/v1/runs/{}/records?writer=poster&first={n}", claim.run);
        match http.send("POST", &route, line.as_bytes()) {
            // An answer that came after the cut may be of before it, or a lie; it is not counted.
            Ok(answer) if answer.status == 200 && !cut.load(Ordering::SeqCst) => ledger.accepted(n),
            _ => return,
        }
    }
}

/// What W&B's door said is durable: rows by step, and files by number.
#[derive(Default)]
struct Streamed {
    rows: Vec<i64>,
    files: Vec<usize>,
}

/// Files that are sent at most.
const FILES: usize = 60;

fn file_name(n: usize) -> String {
    format!("media/f{n}.txt")
}

fn file_text(n: usize) -> String {
    format!("file {n}\n").repeat(1000)
}

/// Where the files are to go; asked for while there is power.
fn upload_links(door: &Door) -> Vec<String> {
    let _ = door.begin("power", "streamed", &json!({}));
    (0..FILES).map(|n| door.upload_link("power", "streamed", &file_name(n))).collect()
}

impl Streamed {
    fn send(&mut self, door: &Door, links: &[String], cut: &AtomicBool) {
        for step in 0i64.. {
            let post = history_post(step.unsigned_abs(), &[line(step)]).to_string();
            let answer = door.post_with("power", "streamed", &[], post.as_bytes());
            if !answer.is_ok_and(|answer| answer.status == 200) || cut.load(Ordering::SeqCst) {
                return;
            }
            self.rows.push(step);
            let n = self.files.len();
            let Some(link) = links.get(n) else { continue };
            let answer = door.http().send("PUT", link, file_text(n).as_bytes());
            if !answer.is_ok_and(|answer| answer.status == 200) || cut.load(Ordering::SeqCst) {
                return;
            }
            self.files.push(n);
        }
    }

    /// What is not there, or not as it was, each a sentence.
    fn missing(&self, door: &Door) -> Vec<String> {
        if door.http().get("/v1/runs/local/power/streamed").status != 200 {
            return vec!["the streamed run is gone".to_owned()];
        }
        let steps = door.steps("power", "streamed");
        let rows = self.rows.iter().filter(|step| !steps.contains(step));
        let mut faults: Vec<_> = rows.map(|step| format!("streamed row {step} is gone")).collect();
        for n in &self.files {
            let route = format!("/v1/runs/local/power/streamed/files/{}", file_name(*n));
            let answer = door.http().get(&route);
            if answer.status != 200 || answer.text() != file_text(*n) {
                faults.push(format!("file {n} is not what was sent: {}", answer.status));
            }
        }
        faults
    }
}

fn check_order(home: &TestHome, claim: &Claim, faults: &mut Vec<String>) {
    let view = home.http().get(&format!("/v1/runs/{}", claim.run));
    if view.status == 200 {
        faults.extend(judge_rows(&home.http(), &claim.run, &[]).err());
    }
}
