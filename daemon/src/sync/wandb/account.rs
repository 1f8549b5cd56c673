//! Who we are at the server, and what it can do: asked once.

use std::sync::PoisonError;

use pannier_proto::hub::{Me, MyOrganization};
use serde_json::{Value as Json, json};

use super::Wandb;
use crate::sync::remote::{RemoteError, RemoteResult};

/// What a server says of itself and of us, once.
#[derive(Clone)]
pub struct Known {
    /// Who we are there.
    pub me: Me,
    /// What it can do.
    features: Vec<String>,
}

impl Wandb {
    pub(super) fn known(&self) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the server unpacks what is posted to it.
    pub(super) fn packs(&self) -> bool {
        self.can("FILESTREAM_GZIP")
    }

    fn can(&self, feature: &str) -> bool {
        self.known().is_some_and(|known| known.features.iter().any(|known| known == feature))
    }

    /// Who we are there; the rest that a server says of itself, once.
    pub(super) async fn viewer(&self) -> RemoteResult<Known> {
        const VIEWER: &str =
            "query Viewer { viewer { id entity username teams { edges { node { name } } } } }";
        let viewer = self.server.graphql("Viewer", VIEWER, json!({})).await?.only("viewer")?;
        let Some(entity) = viewer["entity"].as_str() else {
            let what = format!("{} does not know whose API key this is", self.server.who);
            return Err(RemoteError::Unauthorized(what));
        };
        if let Some(known) = self.known().filter(|known| known.me.entity == entity) {
            return Ok(known);
        }
        let name = viewer["username"].as_str().unwrap_or(entity).to_owned();
        let known = Known { me: self.me_of(name, entity).await?, features: self.features().await? };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        Ok(known)
    }

    async fn features(&self) -> RemoteResult<Vec<String>> {
        const FEATURES: &str = "query ServerFeaturesQuery { serverInfo { features { name isEnabled } } }";
        let answer = self.server.graphql("ServerFeaturesQuery", FEATURES, json!({})).await;
        let info = match answer.and_then(|answer| answer.only("serverInfo")) {
            // An older server has none.
            Err(RemoteError::Rejected(_)) => Json::Null,
            info => info?,
        };
        let on = |feature: &Json| {
            feature["isEnabled"].as_bool()?.then(|| feature["name"].as_str().map(str::to_owned))?
        };
        Ok(info["features"].as_array().into_iter().flatten().filter_map(on).collect())
    }

    /// The organizations whose registries there are for us.
    async fn me_of(&self, name: String, entity: &str) -> RemoteResult<Me> {
        const ORGANIZATIONS: &str = "query FetchOrgInfoFromEntity($entity: String!) { entity(name: $entity) {
            organization { name orgEntity { name } } user { organizations { name orgEntity { name } } } } }";
        let asked = json!({ "entity": entity });
        let answer = self.server.graphql("FetchOrgInfoFromEntity", ORGANIZATIONS, asked).await;
        let found = match answer.and_then(|answer| answer.only("entity")) {
            Err(RemoteError::Rejected(_)) => Json::Null,
            found => found?,
        };
        let several = found["user"]["organizations"].as_array().into_iter().flatten();
        let names = several.chain([&found["organization"]]).filter_map(|of| of["orgEntity"]["name"].as_str());
        let organizations =
            names.map(|name| MyOrganization { name: name.to_owned(), teams: Vec::new() }).collect();
        Ok(Me { name, admin: false, entity: entity.to_owned(), organizations })
    }
}
