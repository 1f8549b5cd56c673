//! Host metrics, sampled by the daemon so that the trainer does not: CPU,
//! memory, disk and network of the machine, and the trainer's own process.
//! Names are those of W&B's system metrics.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pannier_proto::id::RunPath;
use pannier_proto::record::{Record, Row, Table};
use pannier_proto::value::Value;
use sysinfo::{Disks, Networks, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::clock::now_us;
use crate::ingest;
use crate::limits::SAMPLE_INTERVAL;
use crate::spool::{LiveWriter, Spool};
use crate::store::Store;

/// How often new runs are looked for: each is sampled at once.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Samples for as long as it is polled.
pub async fn run(store: Arc<Store>, spool: Arc<Spool>, home: PathBuf) {
    let mut sampled: HashMap<RunPath, Instant> = HashMap::new();
    let mut host = None;
    loop {
        tokio::time::sleep(LOOK_INTERVAL).await;
        let live = spool.view().live;
        sampled.retain(|path, _| live.iter().any(|writer| writer.path == *path));
        let due: Vec<LiveWriter> = live
            .into_iter()
            .filter(|writer| sampled.get(&writer.path).is_none_or(|at| at.elapsed() >= SAMPLE_INTERVAL))
            .collect();
        if due.is_empty() {
            continue;
        }
        sampled.extend(due.iter().map(|writer| (writer.path.clone(), Instant::now())));
        // Made at the first run: an idle daemon reads nothing.
        let Some(probe) = host.take().or_else(|| Host::new(home.clone())) else { return };
        let measured = tokio::task::spawn_blocking(move || {
            let mut probe = probe;
            let rows = probe.sample(&due);
            (probe, rows)
        });
        let Ok((probe, rows)) = measured.await else { return };
        host = Some(probe);
        for (path, row) in rows {
            if let Err(error) = ingest::append(&store, &path, vec![Record::Row(row)]).await {
                tracing::debug!("a system sample of {path} is left out: {error}");
            }
        }
    }
}

struct Host {
    system: System,
    networks: Networks,
    disks: Disks,
    home: PathBuf,
}

impl Host {
    fn new(home: PathBuf) -> Option<Self> {
        let probes = System::new()
            .and_then(|system| {
                Ok((system, Networks::new_with_refreshed_list()?, Disks::new_with_refreshed_list()?))
            })
            .inspect_err(|error| tracing::warn!("no system metrics: {error}"));
        let (system, networks, disks) = probes.ok()?;
        Some(Self { system, networks, disks, home })
    }

    #[expect(clippy::cast_precision_loss, reason = "bytes and percent for a chart")]
    fn sample(&mut self, writers: &[LiveWriter]) -> Vec<(RunPath, Row)> {
        let pids: Vec<Pid> = writers.iter().map(|writer| Pid::from_u32(writer.pid)).collect();
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        let processes = ProcessRefreshKind::nothing().with_cpu().with_memory();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, processes);
        self.networks.refresh(true);
        self.disks.refresh(true);
        let total = self.system.total_memory().max(1) as f64;
        let mut shared = vec![
            ("system.cpu", f64::from(self.system.global_cpu_usage())),
            ("system.memory_percent", 100.0 * self.system.used_memory() as f64 / total),
            ("system.memory_used_bytes", self.system.used_memory() as f64),
            ("system.network.sent", self.networks.values().map(|net| net.total_transmitted() as f64).sum()),
            ("system.network.recv", self.networks.values().map(|net| net.total_received() as f64).sum()),
        ];
        // The disk that holds the home: the longest mount point above it.
        let mounted = self.disks.iter().filter(|disk| self.home.starts_with(disk.mount_point()));
        if let Some(disk) = mounted.max_by_key(|disk| disk.mount_point().as_os_str().len()) {
            let used = disk.total_space().saturating_sub(disk.available_space());
            shared
                .push(("system.disk.usage_percent", 100.0 * used as f64 / disk.total_space().max(1) as f64));
            shared.push(("system.disk.in_bytes", disk.usage().total_read_bytes as f64));
            shared.push(("system.disk.out_bytes", disk.usage().total_written_bytes as f64));
        }
        let time_us = now_us();
        let row = |writer: &LiveWriter| {
            let mut cells = shared.clone();
            if let Some(process) = self.system.process(Pid::from_u32(writer.pid)) {
                cells.push(("system.proc.cpu_percent", f64::from(process.cpu_usage())));
                cells.push(("system.proc.memory.rss_bytes", process.memory() as f64));
                cells.push(("system.proc.memory.percent", 100.0 * process.memory() as f64 / total));
            }
            let cells = cells.into_iter().map(|(key, value)| (key.to_owned(), Value::F64(value))).collect();
            (writer.path.clone(), Row { table: Table::System, step: 0, time_us, cells })
        };
        writers.iter().map(row).collect()
    }
}
