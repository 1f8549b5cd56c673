//! What of a project is its administrators' alone to do, whichever door an act
//! comes by. Knows no user: who administers is asked before.

use pannier_proto::workspace::{Act, is_registry};

use crate::store::{Result, StoreError, Tx};

/// Whether anybody who writes to a project may do this there, not only those who
/// administer it.
///
/// # Errors
/// [`StoreError::Refused`] where he may not.
pub fn anybodys(tx: &Tx, entity: &str, project: &str, act: &Act) -> Result<()> {
    let Some(known) = tx.project(entity, project)? else { return Ok(()) };
    let name = format!("{entity}/{}", known.name);
    let refused = match act {
        Act::Link { aliases, .. } | Act::MoveAliases { aliases, .. } => {
            let protected = &known.said.protected_aliases;
            let moved = aliases.iter().find(|moved| protected.contains(&moved.alias));
            moved.map(|moved| {
                let alias = &moved.alias;
                format!("alias {alias:?} is protected in {name}: ask one of its administrators to move it")
            })
        }
        Act::EditProject { edit } if is_registry(&known.name) => {
            // W&B's SDK says again what is so already.
            let now = known.said.access.as_deref().unwrap_or("PRIVATE");
            let guarded = edit.access.as_ref().is_some_and(|access| access != now)
                || edit
                    .protected_aliases
                    .as_ref()
                    .is_some_and(|names| *names != known.said.protected_aliases);
            guarded.then(|| {
                format!(
                    "only administrators change who may use the registry {name} and its protected aliases"
                )
            })
        }
        Act::DeleteProject => Some(format!("only administrators delete the registry {name}")),
        Act::EditProject { .. }
        | Act::Unlink { .. }
        | Act::EditVersion { .. }
        | Act::DeleteVersion { .. }
        | Act::EditCollection { .. }
        | Act::DeleteCollection { .. }
        | Act::SaveView { .. }
        | Act::DeleteView { .. } => None,
    };
    refused.map_or(Ok(()), |why| Err(StoreError::Refused(why)))
}
