//! One metric as numbers by step, and a sample of it that looks the same.

use std::collections::BTreeMap;

/// One metric: its numbers by step, steps ascending, each once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// The steps.
    pub steps: Vec<i64>,
    /// The numbers.
    pub values: Vec<f64>,
}

impl Series {
    /// At most about `points` of them, so that a drawn line looks the same: of
    /// each stretch the smallest and the largest, and the first and last of all.
    #[must_use]
    pub fn sample(self, points: usize) -> Self {
        let len = self.steps.len();
        if points == 0 || len <= points {
            return self;
        }
        let buckets = (points / 2).max(1);
        let mut sampled = Self::default();
        for bucket in 0..buckets {
            let range = bucket * len / buckets..(bucket + 1) * len / buckets;
            let (mut low, mut high) = (range.start, range.start);
            for at in range.clone() {
                let value = self.values[at];
                // Comparisons with NaN are false: any number replaces one.
                if value < self.values[low] || self.values[low].is_nan() {
                    low = at;
                }
                if value > self.values[high] || self.values[high].is_nan() {
                    high = at;
                }
            }
            let mut picks = vec![low.min(high), low.max(high)];
            if bucket == 0 {
                picks[0] = 0;
            }
            if bucket == buckets - 1 {
                picks[1] = len - 1;
            }
            picks.dedup();
            for at in picks {
                sampled.steps.push(self.steps[at]);
                sampled.values.push(self.values[at]);
            }
        }
        sampled
    }

    /// Sorts by step and keeps the last number of each.
    pub(super) fn settle(&mut self) {
        if self.steps.windows(2).all(|pair| pair[0] < pair[1]) {
            return;
        }
        let mut last = BTreeMap::new();
        for (step, value) in self.steps.drain(..).zip(self.values.drain(..)) {
            last.insert(step, value);
        }
        (self.steps, self.values) = last.into_iter().unzip();
    }
}
