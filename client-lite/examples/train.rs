//! Fits a line to noisy points by gradient descent and logs how it goes:
//! `cargo run -p pannier-client --example train`.

use pannier_client::{Options, Refused, Run};
use serde_json::{Map, json};

fn main() -> Result<(), Refused> {
    let run = Run::init(Options { project: Some("linear".to_owned()), ..Options::default() })?;
    let rate = 0.1;
    run.config(Map::from_iter([("rate".to_owned(), json!(rate))]));

    let points: Vec<(f64, f64)> = (0..100)
        .map(|i| {
            let x = f64::from(i) / 100.0;
            (x, 3.0 * x + 1.0 + 0.1 * (37.0 * x).sin())
        })
        .collect();
    let count = f64::from(100);
    let (mut slope, mut offset) = (0.0, 0.0);
    for _ in 0..200 {
        let errors: Vec<(f64, f64)> = points.iter().map(|(x, y)| (*x, slope * x + offset - y)).collect();
        let loss = errors.iter().map(|(_, error)| error * error).sum::<f64>() / count;
        slope -= rate * 2.0 * errors.iter().map(|(x, error)| x * error).sum::<f64>() / count;
        offset -= rate * 2.0 * errors.iter().map(|(_, error)| error).sum::<f64>() / count;
        run.log(&[("loss", loss.into()), ("slope", slope.into()), ("offset", offset.into())]);
    }

    let path = &run.opened().run.path;
    println!("{path}: y = {slope:.3} x + {offset:.3}");
    if !run.finish(0) {
        println!("the run is recorded, but not yet safe from a power cut");
    }
    Ok(())
}
