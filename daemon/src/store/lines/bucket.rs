//! Points of a line, put together so that there are no more than can be seen.
//! Pure.

/// Points that lie together on a line; at first each alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Where the last of them is.
    pub x: f64,
    /// The last of them.
    pub last: f64,
    /// The least; NaN where all are.
    pub min: f64,
    /// The greatest; NaN where all are.
    pub max: f64,
    /// How many there are.
    pub count: u64,
}

impl Bucket {
    pub(super) fn point(x: f64, y: f64) -> Self {
        Self { x, last: y, min: y, max: y, count: 1 }
    }

    fn take(&mut self, next: &Self) {
        (self.x, self.last) = (next.x, next.last);
        // Of a number and NaN these take the number.
        (self.min, self.max) = (self.min.min(next.min), self.max.max(next.max));
        self.count += next.count;
    }
}

/// A line, in the order of x.
pub type Line = Vec<Bucket>;

/// Of several numbers of one step the last one counts.
pub(super) fn last_of_each_step(line: &mut Line) {
    line.dedup_by(|next, kept| {
        let again = next.x == kept.x && next.count == 1 && kept.count == 1;
        if again {
            *kept = *next;
        }
        again
    });
}

/// Puts a line, which is in the order of x, into as many buckets of one width.
/// Twice as many points stay where each is alone: they take no more room than
/// buckets with their extremes.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "there are few buckets"
)]
pub(super) fn bucketed(line: Line, buckets: usize) -> Line {
    let (Some(first), Some(last)) = (line.first(), line.last()) else { return line };
    let alone = line.len() <= 2 * buckets && line.iter().all(|point| point.count == 1);
    if alone || line.len() <= buckets {
        return line;
    }
    let (low, width) = (first.x, (last.x - first.x) / buckets as f64);
    let place = |x: f64| if width > 0.0 { (((x - low) / width) as usize).min(buckets - 1) } else { 0 };
    let mut put: Line = Vec::with_capacity(buckets);
    let mut at = usize::MAX;
    for point in line {
        let next = place(point.x);
        match put.last_mut().filter(|_| next == at) {
            Some(bucket) => bucket.take(&point),
            None => put.push(point),
        }
        at = next;
    }
    put
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(line: &[(f64, f64)]) -> Line {
        line.iter().map(|(x, y)| Bucket::point(*x, *y)).collect()
    }

    #[test]
    fn a_short_line_stays_as_it_is() {
        let line = points(&[(0.0, 1.0), (5.0, f64::NAN), (6.0, 3.0)]);
        let put = bucketed(line.clone(), 2);
        assert_eq!(format!("{put:?}"), format!("{line:?}"));
        assert!(bucketed(Vec::new(), 1).is_empty());
    }

    #[test]
    fn nothing_sticks_out_unseen() {
        let line: Vec<_> =
            (0..1000).map(|x| (f64::from(x), if x == 377 { 99.0 } else { f64::from(x % 7) })).collect();
        let put = bucketed(points(&line), 10);
        assert_eq!(put.len(), 10);
        assert_eq!(put.iter().map(|bucket| bucket.count).sum::<u64>(), 1000);
        assert_eq!(put.iter().map(|bucket| bucket.max).fold(0.0, f64::max), 99.0);
        assert!(put.iter().all(|bucket| bucket.min == 0.0));
        assert_eq!((put[9].x, put[9].last), (999.0, f64::from(999 % 7)));
        assert!(put.is_sorted_by(|a, b| a.x < b.x));
    }

    #[test]
    fn nan_hides_no_number() {
        let put = bucketed(points(&[(0.0, f64::NAN), (1.0, 2.0), (2.0, f64::NAN)]), 1);
        assert_eq!((put.len(), put[0].min, put[0].max, put[0].count), (1, 2.0, 2.0, 3));
        assert!(put[0].last.is_nan());
        // All at one place.
        assert_eq!(bucketed(points(&[(1.0, 1.0); 6]), 2).len(), 1);
    }
}
