//! The dashboard's TypeScript types, made from the bodies of the routes: the
//! file is written again where it is not what they are.

use std::fmt::Write as _;
use std::path::Path;

use ts_rs::{Config, TS};

use crate::{artifacts, dashboard, id, lineage, record, relay, remote, request, summary, view};

/// Makes one text of the declarations of these types.
macro_rules! declarations {
    ($($type:ty),* $(,)?) => {{
        let config = Config::new().with_large_int("number");
        let mut text = String::from("// Made from proto/src by `cargo test -p pannier-proto`; do not edit.\n");
        $(write!(text, "\nexport {}\n", <$type>::decl(&config)).unwrap();)*
        text
    }};
}

/// The bodies, and what they are made of.
macro_rules! of_all {
    ($then:ident) => {
        $then!(
            serde_json::Value,
            id::Id128,
            id::RunPath,
            record::RunFields,
            record::RunState,
            summary::Shown,
            summary::Definition,
            request::ErrorBody,
            request::Disk,
            request::Problem,
            remote::RemoteStatus,
            relay::RelayStatus,
            request::RunStatus,
            request::RunAtRemote,
            request::Status,
            request::RunView,
            request::MetricView,
            artifacts::AliasView,
            artifacts::Place,
            artifacts::VersionView,
            artifacts::ArtifactView,
            artifacts::CollectionView,
            artifacts::Collections,
            artifacts::CollectionVersions,
            artifacts::EntryView,
            artifacts::MoveView,
            artifacts::Moves,
            artifacts::RegistryView,
            artifacts::Registries,
            artifacts::RegistryCollections,
            artifacts::EditRegistry,
            artifacts::LinkVersion,
            artifacts::MoveAliases,
            lineage::LineageView,
            lineage::LineageNode,
            lineage::LineageWhat,
            lineage::LineageEdge,
            lineage::LineageHow,
            dashboard::Me,
            dashboard::SignIn,
            dashboard::Session,
            dashboard::Projects,
            dashboard::ProjectView,
            dashboard::SyncState,
            dashboard::Sync,
            dashboard::RunItem,
            dashboard::RunList,
            dashboard::Keys,
            dashboard::KeyView,
            dashboard::MediaKey,
            dashboard::AskSeries,
            dashboard::Along,
            dashboard::SeriesList,
            dashboard::SeriesView,
            dashboard::MediaList,
            dashboard::MediaItem,
            dashboard::LogPage,
            dashboard::LogLine,
            dashboard::EditRun,
            dashboard::Changed,
            dashboard::Framed,
            view::View,
            view::Views,
            view::SaveView,
        )
    };
}

#[test]
fn the_dashboard_has_the_types_of_the_routes() {
    let text = of_all!(declarations);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../daemon/dashboard/src/api.gen.ts");
    if std::fs::read_to_string(&file).is_ok_and(|there| there == text) {
        return;
    }
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, text).unwrap();
    panic!("{} was not what the routes say; it is now: commit it", file.display());
}
