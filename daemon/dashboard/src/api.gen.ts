// Made from proto/src by `cargo test -p pannier-proto`; do not edit.

export type JsonValue = number | string | boolean | Array<JsonValue> | { [key in string]: JsonValue } | null;

export type Id128 = string;

export type RunPath = { 
/**
 * The user or team that owns the run.
 */
entity: string, 
/**
 * The project the run belongs to.
 */
project: string, 
/**
 * The run's id, unique within the project.
 */
run: string, };

export type RunFields = { 
/**
 * The name people see.
 */
name?: string, 
/**
 * The group shown together.
 */
group?: string, 
/**
 * `train`, `eval`, …
 */
job_type?: string, 
/**
 * Free text.
 */
notes?: string, 
/**
 * Labels; the whole list each time.
 */
tags?: Array<string>, };

export type RunState = "running" | "finished" | "failed" | "pending" | "crashed" | "preempted";

export type Shown = { 
/**
 * The smallest, as `NAME.min`.
 */
min: boolean, 
/**
 * The largest, as `NAME.max`.
 */
max: boolean, 
/**
 * The mean, as `NAME.mean`.
 */
mean: boolean, 
/**
 * The best by [`Definition::maximize`], as `NAME.best`.
 */
best: boolean, 
/**
 * The last, as `NAME.last`.
 */
last: boolean, 
/**
 * Nothing at all.
 */
none: boolean, };

export type Definition = { 
/**
 * The metric's name, or a glob with one `*` at its end.
 */
name: string, 
/**
 * The metric to draw it against.
 */
step_metric: string | null, 
/**
 * What the summary shows.
 */
shown: Shown, 
/**
 * For [`Shown::best`]: the largest instead of the smallest.
 */
maximize: boolean, 
/**
 * Not drawn by default.
 */
hidden: boolean, };

export type ErrorBody = { 
/**
 * What happened, to which object.
 */
error: string, 
/**
 * What to do next.
 */
hint?: string | null, };

export type Disk = { 
/**
 * Bytes of all of its files.
 */
home_bytes: number, 
/**
 * Bytes of files that were logged or fetched, of those.
 */
blob_bytes: number, 
/**
 * Bytes that are free there.
 */
free_bytes: number, 
/**
 * Bytes of files that may stay, where somebody said so (`pannier gc --budget`):
 * beyond them, what was fetched gives way.
 */
budget_bytes: number | null, };

export type Problem = { 
/**
 * What it is about: a run, a writer, a remote, the home.
 */
object: string, 
/**
 * What happened.
 */
what: string, 
/**
 * What to do.
 */
hint: string, 
/**
 * Microseconds since 1970 at which it was last seen.
 */
time_us: number, 
/**
 * How often it was seen.
 */
count: number, };

export type RemoteStatus = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its URL, without secrets.
 */
url: string, 
/**
 * `connected`, `waiting`, `unauthorized`, `unreachable`, `idle`, `carried`.
 */
state: string, 
/**
 * The last error, while it lasts.
 */
last_error: string | null, 
/**
 * Seconds until the next try, while there is an error.
 */
retry_in_s: number | null, 
/**
 * Records that it lacks.
 */
records_queued: number, 
/**
 * Bytes, as stored here, that it lacks: of records, and of the files that
 * are under way.
 */
bytes_queued: number, 
/**
 * Records that it has.
 */
records_sent: number, 
/**
 * Microseconds since 1970 of its last good answer.
 */
last_contact_us: number | null, 
/**
 * Of a folder: records that are known to be where its relay carries them.
 */
records_passed_on?: number | null, };

export type RelayStatus = { 
/**
 * Its path.
 */
folder: string, 
/**
 * The remote that its records are carried to.
 */
remote: string, 
/**
 * `carrying`, `passive` (another relay does it), `failed`; empty before the
 * first turn.
 */
state: string, 
/**
 * Who carries it, where it is another.
 */
holder: string | null, 
/**
 * Why the last turn came to nothing.
 */
last_error: string | null, 
/**
 * Turns that were taken.
 */
turns: number, 
/**
 * Whether something is being read.
 */
busy: boolean, 
/**
 * Homes that wrote to it.
 */
writers: number, 
/**
 * Files of records that are not at the remote, all of them.
 */
files_left: number, 
/**
 * Files that are damaged, or wait for what is not there.
 */
problems: Array<string>, };

export type RunStatus = { 
/**
 * Its name; empty for a project as such.
 */
name: string, 
/**
 * Its state; none for a project as such.
 */
state: RunState | null, 
/**
 * The last step here.
 */
last_step: number | null, 
/**
 * Records here.
 */
records: number, 
/**
 * How far each remote is.
 */
remotes: { [key in string]: RunAtRemote }, 
/**
 * The user or team that owns the run.
 */
entity: string, 
/**
 * The project the run belongs to.
 */
project: string, 
/**
 * The run's id, unique within the project.
 */
run: string, };

export type RunAtRemote = { 
/**
 * In a word.
 */
state: SyncState, 
/**
 * The last step there.
 */
last_step: number | null, 
/**
 * Records there, of those that were recorded here.
 */
records: number, 
/**
 * Records queued.
 */
records_queued: number, 
/**
 * Bytes queued, as stored here.
 */
bytes_queued: number, 
/**
 * Microseconds since 1970 at which the oldest queued block was stored.
 */
oldest_unsent_us: number | null, 
/**
 * Why nothing more is sent until someone acts.
 */
parked: string | null, 
/**
 * The last error.
 */
last_error: string | null, 
/**
 * Where the remote is a folder: records that are known to be where its relay
 * carries them.
 */
records_passed_on?: number | null, 
/**
 * The run's page there, where the remote has said which it is.
 */
url?: string, };

export type Status = { 
/**
 * The daemon's version.
 */
version: string, 
/**
 * Its process.
 */
pid: number, 
/**
 * Its home's id.
 */
origin: Id128, 
/**
 * Its home.
 */
home: string, 
/**
 * Seconds since it started.
 */
uptime_s: number, 
/**
 * Journals being written now.
 */
writers: number, 
/**
 * Journal bytes not yet committed.
 */
spool_bytes: number, 
/**
 * Artifacts and files that were logged and are not stored yet.
 */
storing: number, 
/**
 * What the home takes of its disk.
 */
disk: Disk, 
/**
 * Remotes.
 */
remotes: Array<RemoteStatus>, 
/**
 * Folders that this home reads and carries on.
 */
relays?: Array<RelayStatus>, 
/**
 * Runs, newest first.
 */
runs: Array<RunStatus>, 
/**
 * How many more there are than `runs` shows.
 */
runs_left_out: number, 
/**
 * What a person should know: damaged journals, a full disk, refusals.
 */
problems: Array<Problem>, };

export type RunView = { 
/**
 * Its state.
 */
state: RunState, 
/**
 * The process's exit code.
 */
exit_code: number | null, 
/**
 * Microseconds since 1970.
 */
created_us: number, 
/**
 * Microseconds since 1970 of the last record.
 */
updated_us: number, 
/**
 * The last step.
 */
last_step: number | null, 
/**
 * History rows logged.
 */
history_rows: number, 
/**
 * Its config.
 */
config: { [key in string]: JsonValue }, 
/**
 * Its summary.
 */
summary: { [key in string]: JsonValue }, 
/**
 * Facts about machine and program.
 */
metadata: { [key in string]: JsonValue }, 
/**
 * `define_metric` rules.
 */
definitions: Array<Definition>, 
/**
 * `log` calls that were not kept.
 */
dropped: number, 
/**
 * The user or team that owns the run.
 */
entity: string, 
/**
 * The project the run belongs to.
 */
project: string, 
/**
 * The run's id, unique within the project.
 */
run: string, 
/**
 * The name people see.
 */
name?: string, 
/**
 * The group shown together.
 */
group?: string, 
/**
 * `train`, `eval`, …
 */
job_type?: string, 
/**
 * Free text.
 */
notes?: string, 
/**
 * Labels; the whole list each time.
 */
tags?: Array<string>, };

export type MetricView = { 
/**
 * Its key.
 */
key: string, 
/**
 * How many numbers were logged.
 */
count: number, 
/**
 * The last value, as JSON.
 */
last: JsonValue, };

export type AliasView = { 
/**
 * The name.
 */
alias: string, 
/**
 * Microseconds since 1970 at which it was moved there.
 */
time_us: number, 
/**
 * By whom, where that is known.
 */
by: string | null, 
/**
 * Whether it was moved elsewhere by somebody who did not know of this move.
 */
conflict: boolean, };

export type Place = { 
/**
 * Whose.
 */
entity: string, 
/**
 * In which project.
 */
project: string, 
/**
 * The collection.
 */
collection: string, 
/**
 * The version's number there.
 */
version: number, 
/**
 * Whether a remote may yet give it another number.
 */
provisional: boolean, 
/**
 * The number that it had here until a remote gave it this one.
 */
was: number | null, 
/**
 * Whether it is linked, and was logged elsewhere.
 */
link: boolean, 
/**
 * Its names there.
 */
aliases: Array<AliasView>, 
/**
 * Microseconds since 1970 at which it came there.
 */
since_us: number, 
/**
 * Who logged or linked it, where that is known.
 */
by: string | null, };

export type VersionView = { 
/**
 * Its id everywhere.
 */
id: Id128, 
/**
 * Its type.
 */
type: string, 
/**
 * W&B's digest of what is in it.
 */
digest: string, 
/**
 * Bytes of all its entries.
 */
size: number, 
/**
 * How many entries.
 */
file_count: number, 
/**
 * Microseconds since 1970 at which it was logged.
 */
created_us: number, 
/**
 * Of the last edit.
 */
updated_us: number | null, 
/**
 * Its labels.
 */
tags: Array<string>, 
/**
 * Free text.
 */
description: string | null, 
/**
 * A JSON object.
 */
metadata: JsonValue | null, 
/**
 * How long it is to be kept.
 */
ttl_s: number | null, 
/**
 * Its way to the remotes: that of the run that logged it, for who may read
 * that.
 */
sync: Sync, 
/**
 * Whose.
 */
entity: string, 
/**
 * In which project.
 */
project: string, 
/**
 * The collection.
 */
collection: string, 
/**
 * The version's number there.
 */
version: number, 
/**
 * Whether a remote may yet give it another number.
 */
provisional: boolean, 
/**
 * The number that it had here until a remote gave it this one.
 */
was: number | null, 
/**
 * Whether it is linked, and was logged elsewhere.
 */
link: boolean, 
/**
 * Its names there.
 */
aliases: Array<AliasView>, 
/**
 * Microseconds since 1970 at which it came there.
 */
since_us: number, 
/**
 * Who logged or linked it, where that is known.
 */
by: string | null, };

export type ArtifactView = { 
/**
 * Where it is, first where it was logged, then where it is linked to.
 */
places: Array<Place>, 
/**
 * The runs that logged it.
 */
logged_by: Array<RunPath>, 
/**
 * The runs that read it.
 */
used_by: Array<RunPath>, 
/**
 * The remote that it was fetched from, where it was not logged here.
 */
fetched: string | null, 
/**
 * Bytes of its files that are not stored here.
 */
missing_bytes: number, 
/**
 * Its id everywhere.
 */
id: Id128, 
/**
 * Its type.
 */
type: string, 
/**
 * W&B's digest of what is in it.
 */
digest: string, 
/**
 * Bytes of all its entries.
 */
size: number, 
/**
 * How many entries.
 */
file_count: number, 
/**
 * Microseconds since 1970 at which it was logged.
 */
created_us: number, 
/**
 * Of the last edit.
 */
updated_us: number | null, 
/**
 * Its labels.
 */
tags: Array<string>, 
/**
 * Free text.
 */
description: string | null, 
/**
 * A JSON object.
 */
metadata: JsonValue | null, 
/**
 * How long it is to be kept.
 */
ttl_s: number | null, 
/**
 * Its way to the remotes: that of the run that logged it, for who may read
 * that.
 */
sync: Sync, 
/**
 * Whose.
 */
entity: string, 
/**
 * In which project.
 */
project: string, 
/**
 * The collection.
 */
collection: string, 
/**
 * The version's number there.
 */
version: number, 
/**
 * Whether a remote may yet give it another number.
 */
provisional: boolean, 
/**
 * The number that it had here until a remote gave it this one.
 */
was: number | null, 
/**
 * Whether it is linked, and was logged elsewhere.
 */
link: boolean, 
/**
 * Its names there.
 */
aliases: Array<AliasView>, 
/**
 * Microseconds since 1970 at which it came there.
 */
since_us: number, 
/**
 * Who logged or linked it, where that is known.
 */
by: string | null, };

export type CollectionView = { 
/**
 * Whose.
 */
entity: string, 
/**
 * In which project.
 */
project: string, 
/**
 * Its name.
 */
name: string, 
/**
 * The type of its versions.
 */
type: string, 
/**
 * Whether it holds links to versions that were logged elsewhere.
 */
links: boolean, 
/**
 * How many versions it has.
 */
version_count: number, 
/**
 * The names that its versions have.
 */
aliases: Array<string>, 
/**
 * Free text.
 */
description: string | null, 
/**
 * Its labels.
 */
tags: Array<string>, 
/**
 * Microseconds since 1970.
 */
created_us: number, 
/**
 * Of the last edit.
 */
updated_us: number | null, 
/**
 * Who made it, where that is known.
 */
by: string | null, };

export type Collections = { 
/**
 * By project and name.
 */
collections: Array<CollectionView>, };

export type CollectionVersions = { 
/**
 * The collection.
 */
collection: CollectionView, 
/**
 * Its versions, newest first.
 */
versions: Array<VersionView>, 
/**
 * Whether there are older ones.
 */
more: boolean, };

export type EntryView = { 
/**
 * Its path in the version, as its maker wrote it.
 */
path: string, 
/**
 * Base64 of the bytes' MD5; of a reference, what its store calls it.
 */
digest: string, 
/**
 * Bytes.
 */
size: number | null, 
/**
 * Where the bytes are, of a reference.
 */
ref?: string | null, };

export type MoveView = { 
/**
 * The name.
 */
alias: string, 
/**
 * The version that it moved to; `None`: away, or to one that is gone.
 */
version: number | null, 
/**
 * That version's id; `None`: away.
 */
to: Id128 | null, 
/**
 * Microseconds since 1970.
 */
time_us: number, 
/**
 * Who moved it, where that is known.
 */
by: string | null, 
/**
 * On which home.
 */
origin: Id128, 
/**
 * Whether no later move has seen it.
 */
stands: boolean, };

export type Moves = { 
/**
 * Newest first.
 */
moves: Array<MoveView>, };

export type RegistryView = { 
/**
 * The organization, which is the entity of its project.
 */
organization: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Its project, `wandb-registry-NAME`.
 */
project: string, 
/**
 * Free text.
 */
description: string | null, 
/**
 * `PRIVATE` (the organization) or `RESTRICTED` (its members), where said.
 */
access: string | null, 
/**
 * The types that it takes; `None`: all.
 */
artifact_types: Array<string> | null, 
/**
 * The names that only its administrators move.
 */
protected_aliases: Array<string>, 
/**
 * How many collections it has.
 */
collection_count: number, 
/**
 * How many versions they have.
 */
version_count: number, 
/**
 * Microseconds since 1970.
 */
created_us: number, 
/**
 * Of the last edit.
 */
updated_us: number | null, };

export type Registries = { 
/**
 * By organization and name.
 */
registries: Array<RegistryView>, };

export type RegistryCollections = { 
/**
 * The registry.
 */
registry: RegistryView, 
/**
 * Its collections, by name.
 */
collections: Array<CollectionView>, };

export type EditRegistry = { 
/**
 * Of a new one: its name.
 */
name?: string, 
/**
 * Free text.
 */
description?: string, 
/**
 * The types that it takes, those that it took included; an empty list: all.
 */
artifact_types?: Array<string>, 
/**
 * The names that only its administrators move, all of them.
 */
protected_aliases?: Array<string>, };

export type LinkVersion = { 
/**
 * The version.
 */
artifact: Id128, 
/**
 * Names that move to it there.
 */
aliases: Array<string>, };

export type MoveAliases = { 
/**
 * The version.
 */
artifact: Id128, 
/**
 * Names that move to it.
 */
add: Array<string>, 
/**
 * Names that go from it.
 */
remove: Array<string>, };

export type LineageView = { 
/**
 * Versions, runs and links; the version that was asked for is the first.
 */
nodes: Array<LineageNode>, 
/**
 * In the direction in which data flows.
 */
edges: Array<LineageEdge>, 
/**
 * Whether there is more than this.
 */
cut: boolean, };

export type LineageNode = { 
/**
 * What edges call it.
 */
key: string, 
/**
 * What people call it.
 */
name: string, } & ({ "kind": "artifact", 
/**
 * Its id.
 */
id: Id128, 
/**
 * Its type.
 */
type: string, 
/**
 * Its names, where it was logged.
 */
aliases: Array<string>, } | { "kind": "run", 
/**
 * Its display name.
 */
display_name: string, 
/**
 * Its state.
 */
state: string, 
/**
 * What kind of work it does, where that was said.
 */
job_type: string | null, 
/**
 * The user or team that owns the run.
 */
entity: string, 
/**
 * The project the run belongs to.
 */
project: string, 
/**
 * The run's id, unique within the project.
 */
run: string, } | { "kind": "link", 
/**
 * Its names there.
 */
aliases: Array<string>, });

export type LineageWhat = { "kind": "artifact", 
/**
 * Its id.
 */
id: Id128, 
/**
 * Its type.
 */
type: string, 
/**
 * Its names, where it was logged.
 */
aliases: Array<string>, } | { "kind": "run", 
/**
 * Its display name.
 */
display_name: string, 
/**
 * Its state.
 */
state: string, 
/**
 * What kind of work it does, where that was said.
 */
job_type: string | null, 
/**
 * The user or team that owns the run.
 */
entity: string, 
/**
 * The project the run belongs to.
 */
project: string, 
/**
 * The run's id, unique within the project.
 */
run: string, } | { "kind": "link", 
/**
 * Its names there.
 */
aliases: Array<string>, };

export type LineageEdge = { 
/**
 * The key of the node where data comes from.
 */
from: string, 
/**
 * The key of the node that it goes to.
 */
to: string, 
/**
 * How.
 */
how: LineageHow, 
/**
 * Who did it, of links.
 */
by?: string | null, 
/**
 * Microseconds since 1970, of links.
 */
time_us?: number | null, };

export type LineageHow = "made" | "used" | "linked";

export type Me = { 
/**
 * The name of the user; of a daemon, its owner.
 */
user: string, 
/**
 * The entity of runs that name none.
 */
entity: string, 
/**
 * Whether this is a hub.
 */
hub: boolean, 
/**
 * Whether the user may do everything here.
 */
everything: boolean, 
/**
 * The entities whose data the user may change; empty with `everything`.
 */
writes: Array<string>, 
/**
 * The version of pannier.
 */
version: string, };

export type SignIn = { 
/**
 * What the link of `pannier open` brought; it counts once.
 */
ticket?: string, 
/**
 * An API key.
 */
key?: string, 
/**
 * The name of a hub's user, with `password`.
 */
user?: string, 
/**
 * Of that user.
 */
password?: string, };

export type Session = { 
/**
 * What `Authorization: Bearer` says from now on.
 */
token: string, 
/**
 * Until when it counts, in seconds since 1970.
 */
expires_s: number, 
/**
 * The path to go to, as the ticket was made for it.
 */
path: string | null, };

export type Projects = { 
/**
 * The projects.
 */
projects: Array<ProjectView>, };

export type ProjectView = { 
/**
 * Whose.
 */
entity: string, 
/**
 * Its name.
 */
project: string, 
/**
 * How many runs it has.
 */
runs: number, 
/**
 * How many of them are running.
 */
running: number, 
/**
 * How many collections of artifacts it has.
 */
collections: number, 
/**
 * Of the last record of any of its runs, or of when it was made.
 */
updated_us: number, };

export type SyncState = "here" | "sent" | "queued" | "failed";

export type Sync = { 
/**
 * In a word: the worst of what follows.
 */
state: SyncState, 
/**
 * By the remote's name.
 */
remotes: { [key in string]: RunAtRemote }, };

export type RunItem = { 
/**
 * Its way to the remotes.
 */
sync: Sync, 
/**
 * Its state.
 */
state: RunState, 
/**
 * The process's exit code.
 */
exit_code: number | null, 
/**
 * Microseconds since 1970.
 */
created_us: number, 
/**
 * Microseconds since 1970 of the last record.
 */
updated_us: number, 
/**
 * The last step.
 */
last_step: number | null, 
/**
 * History rows logged.
 */
history_rows: number, 
/**
 * Its config.
 */
config: { [key in string]: JsonValue }, 
/**
 * Its summary.
 */
summary: { [key in string]: JsonValue }, 
/**
 * Facts about machine and program.
 */
metadata: { [key in string]: JsonValue }, 
/**
 * `define_metric` rules.
 */
definitions: Array<Definition>, 
/**
 * `log` calls that were not kept.
 */
dropped: number, 
/**
 * The user or team that owns the run.
 */
entity: string, 
/**
 * The project the run belongs to.
 */
project: string, 
/**
 * The run's id, unique within the project.
 */
run: string, 
/**
 * The name people see.
 */
name?: string, 
/**
 * The group shown together.
 */
group?: string, 
/**
 * `train`, `eval`, …
 */
job_type?: string, 
/**
 * Free text.
 */
notes?: string, 
/**
 * Labels; the whole list each time.
 */
tags?: Array<string>, };

export type RunList = { 
/**
 * In the order that was asked for; newest first where none was.
 */
runs: Array<RunItem>, 
/**
 * Whether there are more behind this page.
 */
more: boolean, 
/**
 * How many there are in all, of those that pass the filters; counted where
 * an entity and a project were named.
 */
total: number | null, };

export type Keys = { 
/**
 * Metrics with numbers, by name.
 */
metrics: Array<KeyView>, 
/**
 * Metrics of the machine.
 */
system: Array<KeyView>, 
/**
 * Keys under which media were logged.
 */
media: Array<MediaKey>, 
/**
 * Dotted keys of configs.
 */
config: Array<string>, 
/**
 * Keys of summaries.
 */
summary: Array<string>, };

export type KeyView = { 
/**
 * Its key.
 */
key: string, 
/**
 * How many runs have it.
 */
runs: number, 
/**
 * The metric that `define_metric` draws it against, where the runs agree.
 */
step_metric: string | null, 
/**
 * Whether `define_metric` hides it.
 */
hidden: boolean, };

export type MediaKey = { 
/**
 * The key.
 */
key: string, 
/**
 * W&B's `_type`: `image-file`, `images/separated`, `table-file`, `histogram`,
 * `audio-file`, `video-file`, `html-file`, `plotly-file`, …
 */
type: string, };

export type AskSeries = { 
/**
 * Whose.
 */
entity: string, 
/**
 * In which project.
 */
project: string, 
/**
 * Run ids, at most 1000.
 */
runs: Array<string>, 
/**
 * Metrics, at most 100; runs × keys at most 20 000.
 */
keys: Array<string>, 
/**
 * What the points are laid along.
 */
x: Along, 
/**
 * Only from this x on, it included.
 */
from?: number, 
/**
 * Only up to this x, it included.
 */
to?: number, 
/**
 * Into how many buckets each line is put at most: 1 to 10 000. A line of at
 * most twice as many points stays as it is.
 */
buckets: number, 
/**
 * Metrics of the machine instead of the run's own.
 */
system: boolean, };

export type Along = "step" | "time" | "relative" | { "metric": string };

export type SeriesList = { 
/**
 * Those that have any point; in the order of runs, then keys.
 */
series: Array<SeriesView>, };

export type SeriesView = { 
/**
 * The run's id.
 */
run: string, 
/**
 * The metric.
 */
key: string, 
/**
 * Where the last point of each bucket is.
 */
x: Array<number>, 
/**
 * The last value of each bucket; `null` where it is no finite number.
 */
y: Array<number | null>, 
/**
 * The least of each bucket; left out where every bucket holds one point.
 */
min?: Array<number | null>, 
/**
 * The greatest of each bucket; left out with `min`.
 */
max?: Array<number | null>, 
/**
 * Points that lie in the asked range, before they were put in buckets.
 */
points: number, };

export type MediaList = { 
/**
 * By step.
 */
items: Array<MediaItem>, };

export type MediaItem = { 
/**
 * The step.
 */
step: number, 
/**
 * W&B's JSON of it: `_type`, `path` of a file of the run, captions, sizes.
 */
value: Record<string, unknown>, };

export type LogPage = { 
/**
 * The lines, in order; a line that was written again is its last form.
 */
lines: Array<LogLine>, 
/**
 * How many lines there are in all.
 */
total: number, };

export type LogLine = { 
/**
 * From 0.
 */
n: number, 
/**
 * The name of its writer, where there are several.
 */
label: string, 
/**
 * Whether it went to the stream of errors.
 */
stderr: boolean, 
/**
 * The line, with its ANSI codes.
 */
text: string, 
/**
 * When it was written last.
 */
time_us: number, };

export type EditRun = { 
/**
 * The name people see.
 */
name?: string, 
/**
 * Free text.
 */
notes?: string, 
/**
 * Labels, all of them.
 */
tags?: Array<string>, 
/**
 * The group shown together.
 */
group?: string, };

export type Changed = { 
/**
 * Runs that have new records, by id; `*`: any may have.
 */
runs: Array<string>, 
/**
 * Whether artifacts, links or aliases changed.
 */
artifacts: boolean, 
/**
 * Whether reports or saved workspaces changed.
 */
views: boolean, 
/**
 * Whether something got further to a remote, or no further.
 */
sync: boolean, };

export type Framed = { 
/**
 * A path on this server that needs no token and expires.
 */
url: string, };

export type View = { 
/**
 * Its id everywhere.
 */
id: string, 
/**
 * Its id in links and in W&B's dialect: base64 of `View:…`, without `=`.
 */
link_id: string, 
/**
 * Whose.
 */
entity: string, 
/**
 * In which project.
 */
project: string, 
/**
 * W&B's type: `runs` (a report), `runs/draft` (a draft of one),
 * `project-view` (a workspace).
 */
type: string, 
/**
 * W&B's name of it, which programs make.
 */
name: string, 
/**
 * The title people see.
 */
display_name: string, 
/**
 * Free text.
 */
description: string, 
/**
 * Who wrote it last, where that is known.
 */
by: string | null, 
/**
 * Microseconds since 1970.
 */
created_us: number, 
/**
 * Of the last save.
 */
updated_us: number, 
/**
 * What it shows, as its writer wrote it: JSON text. `None` in lists.
 */
spec: string | null, 
/**
 * Its way to the remotes: that of its project.
 */
sync: Sync, };

export type Views = { 
/**
 * The last saved first.
 */
views: Array<View>, };

export type SaveView = { 
/**
 * W&B's type.
 */
type: string, 
/**
 * W&B's name of it; of a new one, made where it is left out.
 */
name?: string, 
/**
 * The title.
 */
display_name: string, 
/**
 * Free text.
 */
description: string, 
/**
 * What it shows: JSON text.
 */
spec: string, 
/**
 * `updated_us` of the state that was edited; 409 where somebody saved since.
 */
based_on_us?: number, };
