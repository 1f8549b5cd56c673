//! What each mutation needs of whoever asks, at the entity that it names. What
//! is not on the list is refused, so that none is ever open by having been
//! forgotten.

use crate::access::Verb::{self, Admin, Delete, Write};

/// Mutations and what they need.
const MUTATIONS: [(&str, Verb); 32] = [
    ("upsertBucket", Write),
    ("rewindRun", Write),
    ("createRunFiles", Write),
    ("markRunFilesUploaded", Write),
    ("deleteFiles", Delete),
    ("notifyScriptableRunAlert", Write),
    ("deleteRun", Delete),
    ("stopRun", Write),
    ("updateRunState", Write),
    ("upsertModel", Write),
    ("createArtifact", Write),
    ("createArtifactManifest", Write),
    ("updateArtifactManifest", Write),
    ("createArtifactFiles", Write),
    ("commitArtifact", Write),
    ("useArtifact", Write),
    ("linkArtifact", Write),
    ("unlinkArtifact", Write),
    ("addAliases", Write),
    ("deleteAliases", Write),
    ("updateArtifact", Write),
    ("deleteArtifact", Delete),
    ("updateArtifactSequence", Write),
    ("updateArtifactPortfolio", Write),
    ("moveArtifactSequence", Write),
    ("deleteArtifactSequence", Delete),
    ("deleteArtifactPortfolio", Delete),
    ("createArtifactCollectionTagAssignments", Write),
    ("deleteArtifactCollectionTagAssignments", Write),
    ("deleteModel", Admin),
    ("upsertView", Write),
    ("deleteView", Delete),
];

/// What a mutation needs, where it is on the list.
#[must_use]
pub fn of_mutation(name: &str) -> Option<Verb> {
    MUTATIONS.iter().find(|(known, _)| *known == name).map(|(_, verb)| *verb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutation_is_on_the_list_and_no_other() {
        let schema = super::super::schema();
        let mut known: Vec<_> = MUTATIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let mut there = schema.mutations().to_vec();
        known.sort();
        there.sort();
        assert_eq!(there, known, "say in MUTATIONS what a new mutation needs");
    }
}
