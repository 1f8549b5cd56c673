"""Owns what is asked of the server about artifacts: GraphQL, with the fields that
W&B's own clients ask for. Knows no class of ours."""

from __future__ import annotations

_PROJECT = "project { id internalId name entity { name } }"

ARTIFACT = f"""
    __typename id versionIndex description metadata ttlDurationSeconds ttlIsInherited
    historyStep state size digest digestAlgorithm commitHash fileCount createdAt updatedAt
    artifactSequence {{ __typename name {_PROJECT} }}
    artifactType {{ name }}
    tags {{ __typename id name }}
    aliases {{ __typename id alias artifactCollection {{ __typename name {_PROJECT} }} }}
"""
MEMBERSHIP = f"""
    id versionIndex createdAt
    aliases {{ __typename id alias }}
    artifactCollection {{ __typename name {_PROJECT} }}
    artifact {{ {ARTIFACT} }}
"""
COLLECTION = f"""
    __typename id name description createdAt updatedAt
    {_PROJECT}
    type: defaultArtifactType {{ name }}
    tags {{ edges {{ node {{ __typename id name }} }} }}
"""
REGISTRY = """
    __typename id internalId name description createdAt updatedAt access
    entity { name organization { name } }
    allowAllArtifactTypes: allowAllArtifactTypesInRegistry
    artifactTypes(includeAll: true) { edges { node { name } } }
"""
_PAGE = "pageInfo { __typename endCursor hasNextPage }"

# Versions

BY_ID = f"query ArtifactByID($id: ID!) {{ artifact(id: $id) {{ {ARTIFACT} }} }}"

BY_NAME = f"""query ArtifactMembershipByName($entity: String!, $project: String!, $name: String!) {{
    project(name: $project, entityName: $entity) {{
        artifactCollectionMembership(name: $name) {{ {MEMBERSHIP} }}
    }}
}}"""

TYPE_OF = """query ArtifactType($entity: String, $project: String, $name: String!) {
    project(name: $project, entityName: $entity) {
        artifact(name: $name) { artifactType { name } }
    }
}"""

MANIFEST = """query FetchArtifactManifest($id: ID!) {
    artifact(id: $id) { currentManifest { file { directUrl } } }
}"""

_FILES = """($entity: String!, $project: String!, $collection: String!, $alias: String!,
    $names: [String!], $after: String, $first: Int
) {
    project(name: $project, entityName: $entity) {
        artifactCollection(name: $collection) {
            __typename
            artifactMembership(aliasName: $alias) {
                files(names: $names, after: $after, first: $first) { %s }
            }
        }
    }
}"""
FILES = "query ArtifactMembershipFiles" + _FILES % (
    f"totalCount {_PAGE} edges {{ node {{ __typename id name: displayName url sizeBytes"
    " storagePath mimetype updatedAt digest md5 directUrl } }"
)
FILE_URLS = "query GetArtifactMembershipFileUrls" + _FILES % (
    f"{_PAGE} edges {{ node {{ __typename name directUrl }} }}"
)

_RUN = f"__typename id name {_PROJECT}"
CREATED_BY = f"""query ArtifactCreatedBy($id: ID!) {{
    artifact(id: $id) {{ createdBy {{ __typename ... on Run {{ {_RUN} }} }} }}
}}"""
USED_BY = f"""query ArtifactUsedBy($id: ID!) {{
    artifact(id: $id) {{ usedBy {{ edges {{ node {{ {_RUN} }} }} }} }}
}}"""
LINKED = f"""query FetchLinkedArtifacts($artifactID: ID!) {{
    artifact(id: $artifactID) {{
        artifactMemberships {{
            edges {{
                node {{
                    versionIndex createdAt
                    aliases {{ __typename id alias }}
                    artifactCollection {{ __typename name {_PROJECT} }}
                }}
            }}
        }}
    }}
}}"""

UPDATE = f"""mutation UpdateArtifact($input: UpdateArtifactInput!) {{
    result: updateArtifact(input: $input) {{ artifact {{ {ARTIFACT} }} }}
}}"""
DELETE = """mutation DeleteArtifact($input: DeleteArtifactInput!) {
    result: deleteArtifact(input: $input) { artifact { id } }
}"""
ADD_ALIASES = """mutation AddAliases($input: AddAliasesInput!) {
    result: addAliases(input: $input) { success }
}"""
DELETE_ALIASES = """mutation DeleteAliases($input: DeleteAliasesInput!) {
    result: deleteAliases(input: $input) { success }
}"""
LINK = f"""mutation LinkArtifact($input: LinkArtifactInput!) {{
    result: linkArtifact(input: $input) {{
        versionIndex artifactMembership {{ {MEMBERSHIP} }}
    }}
}}"""
UNLINK = """mutation UnlinkArtifact($input: UnlinkArtifactInput!) {
    result: unlinkArtifact(input: $input) { success }
}"""
USE = """mutation UseArtifact(
    $entityName: String!, $projectName: String!, $runName: String!, $artifactID: ID!,
    $artifactEntityName: String, $artifactProjectName: String
) {
    useArtifact(input: {
        entityName: $entityName, projectName: $projectName, runName: $runName,
        artifactID: $artifactID, artifactEntityName: $artifactEntityName,
        artifactProjectName: $artifactProjectName
    }) { artifact { id digest description state createdAt metadata } }
}"""
#: A version of what is stored already, as another run's output.
CREATE = """mutation CreateArtifact($input: CreateArtifactInput!) {
    createArtifact(input: $input) {
        artifact { id state artifactSequence { id latestArtifact { id versionIndex } } }
    }
}"""

# Lists

VERSIONS = f"""query ProjectArtifacts(
    $entity: String!, $project: String!, $type: String!, $collection: String!,
    $after: String, $first: Int, $order: String, $filters: JSONString
) {{
    project(entityName: $entity, name: $project) {{
        artifactType(name: $type) {{
            artifactCollection(name: $collection) {{
                __typename
                artifacts(after: $after, first: $first, order: $order, filters: $filters) {{
                    totalCount {_PAGE} edges {{ version node {{ {ARTIFACT} }} }}
                }}
            }}
        }}
    }}
}}"""

_OF_RUN = """($entity: String!, $project: String!, $run: String!, $after: String, $first: Int) {
    project(entityName: $entity, name: $project) {
        run(name: $run) {
            artifacts: %s(after: $after, first: $first) { %s }
        }
    }
}"""
_OF_RUN_FIELDS = f"totalCount {_PAGE} edges {{ node {{ {ARTIFACT} }} }}"
LOGGED = "query RunOutputArtifacts" + _OF_RUN % ("outputArtifacts", _OF_RUN_FIELDS)
USED = "query RunInputArtifacts" + _OF_RUN % ("inputArtifacts", _OF_RUN_FIELDS)

TYPES = f"""query ProjectArtifactTypes(
    $entity: String!, $project: String!, $after: String, $first: Int
) {{
    project(name: $project, entityName: $entity) {{
        artifactTypes(after: $after, first: $first) {{
            edges {{ node {{ __typename id name description createdAt }} }} {_PAGE}
        }}
    }}
}}"""
TYPE = """query ProjectArtifactType($entity: String!, $project: String!, $type: String!) {
    project(entityName: $entity, name: $project) {
        artifactType(name: $type) { __typename id name description createdAt }
    }
}"""

_COLLECTIONS = f"""artifactCollections(
    after: $after, first: $first, filters: $filters, order: $order
) {{ totalCount {_PAGE} edges {{ node {{ {COLLECTION} }} }} }}"""
COLLECTIONS = f"""query ProjectArtifactCollections(
    $entity: String!, $project: String!, $after: String, $first: Int,
    $filters: JSONString, $order: String
) {{
    project(entityName: $entity, name: $project) {{ {_COLLECTIONS} }}
}}"""
COLLECTIONS_OF_TYPE = f"""query ArtifactTypeArtifactCollections(
    $entity: String!, $project: String!, $type: String!, $after: String, $first: Int,
    $filters: JSONString, $order: String
) {{
    project(entityName: $entity, name: $project) {{
        artifactType(name: $type) {{ {_COLLECTIONS} }}
    }}
}}"""

# Collections

ONE_COLLECTION = f"""query ProjectArtifactCollection(
    $entity: String!, $project: String!, $type: String!, $name: String!
) {{
    project(entityName: $entity, name: $project) {{
        artifactType(name: $type) {{ artifactCollection(name: $name) {{ {COLLECTION} }} }}
    }}
}}"""
ALIASES_IN = f"""query ArtifactCollectionAliases($id: ID!, $after: String, $first: Int) {{
    artifactCollection(id: $id) {{
        __typename
        aliases(after: $after, first: $first) {{
            {_PAGE} edges {{ node {{ __typename id alias }} }}
        }}
    }}
}}"""
_CHANGED = f"artifactCollection {{ {COLLECTION} }}"
UPDATE_SEQUENCE = f"""mutation UpdateArtifactSequence($input: UpdateArtifactSequenceInput!) {{
    result: updateArtifactSequence(input: $input) {{ {_CHANGED} }}
}}"""
UPDATE_PORTFOLIO = f"""mutation UpdateArtifactPortfolio($input: UpdateArtifactPortfolioInput!) {{
    result: updateArtifactPortfolio(input: $input) {{ {_CHANGED} }}
}}"""
MOVE_SEQUENCE = f"""mutation UpdateArtifactSequenceType($input: MoveArtifactSequenceInput!) {{
    result: moveArtifactSequence(input: $input) {{ {_CHANGED} }}
}}"""
DELETE_SEQUENCE = """mutation DeleteArtifactSequence($id: ID!) {
    result: deleteArtifactSequence(input: { artifactSequenceID: $id }) {
        artifactCollection { __typename state }
    }
}"""
DELETE_PORTFOLIO = """mutation DeleteArtifactPortfolio($id: ID!) {
    result: deleteArtifactPortfolio(input: { artifactPortfolioID: $id }) {
        artifactCollection { __typename state }
    }
}"""
ADD_TAGS = """mutation AddArtifactCollectionTags(
    $input: CreateArtifactCollectionTagAssignmentsInput!
) {
    result: createArtifactCollectionTagAssignments(input: $input) {
        tags { __typename id name }
    }
}"""
DELETE_TAGS = """mutation DeleteArtifactCollectionTags(
    $input: DeleteArtifactCollectionTagAssignmentsInput!
) {
    result: deleteArtifactCollectionTagAssignments(input: $input) { success }
}"""

# Organizations and registries

ORGANIZATIONS_OF = """query FetchOrgInfoFromEntity($entity: String!) {
    entity(name: $entity) {
        organization { name orgEntity { name } }
        user { organizations { name orgEntity { name } } }
    }
}"""
ORGANIZATION = """query FetchOrganization($org: String!) {
    organization(name: $org) {
        id name orgEntity { __typename id name entityType }
    }
}"""
REGISTRIES = f"""query FetchRegistries(
    $organization: String!, $filters: JSONString, $after: String, $first: Int, $order: String
) {{
    organization(name: $organization) {{
        orgEntity {{
            projects(filters: $filters, after: $after, first: $first, order: $order) {{
                {_PAGE} edges {{ node {{ {REGISTRY} }} }}
            }}
        }}
    }}
}}"""
REGISTRY_COLLECTIONS = f"""query RegistryCollections(
    $organization: String!, $registryFilter: JSONString, $collectionFilter: JSONString,
    $collectionTypes: [ArtifactCollectionType!] = [PORTFOLIO],
    $after: String, $first: Int, $order: String
) {{
    organization(name: $organization) {{
        orgEntity {{
            name
            artifactCollections(
                projectFilters: $registryFilter, filters: $collectionFilter,
                collectionTypes: $collectionTypes, after: $after, first: $first, order: $order
            ) {{ totalCount {_PAGE} edges {{ node {{ {COLLECTION} }} }} }}
        }}
    }}
}}"""
REGISTRY_VERSIONS = f"""query RegistryVersions(
    $organization: String!, $registryFilter: JSONString, $collectionFilter: JSONString,
    $artifactFilter: JSONString, $after: String, $first: Int, $order: String
) {{
    organization(name: $organization) {{
        orgEntity {{
            name
            artifactMemberships(
                projectFilters: $registryFilter, collectionFilters: $collectionFilter,
                filters: $artifactFilter, after: $after, first: $first, order: $order
            ) {{ {_PAGE} edges {{ node {{ {MEMBERSHIP} }} }} }}
        }}
    }}
}}"""
ONE_REGISTRY = f"""query FetchRegistry($name: String, $entity: String) {{
    entity(name: $entity) {{ project(name: $name) {{ {REGISTRY} }} }}
}}"""
UPSERT_REGISTRY = f"""mutation UpsertRegistry($input: UpsertModelInput!) {{
    upsertModel(input: $input) {{ inserted project {{ {REGISTRY} }} }}
}}"""
RENAME_REGISTRY = f"""mutation RenameRegistry($input: RenameProjectInput!) {{
    renameProject(input: $input) {{ inserted project {{ {REGISTRY} }} }}
}}"""
DELETE_REGISTRY = """mutation DeleteRegistry($id: String!) {
    deleteModel(input: { id: $id }) { success }
}"""
USER_MEMBERS = """query RegistryUserMembers($project: String!, $entity: String!) {
    project(name: $project, entityName: $entity) {
        members { id name username email role { name } }
    }
}"""
TEAM_MEMBERS = """query RegistryTeamMembers($project: String!, $entity: String!) {
    project(name: $project, entityName: $entity) {
        teamMembers { team { __typename id name } role { name } }
    }
}"""
ADD_MEMBERS = """mutation CreateRegistryMembers($input: CreateProjectMembersInput!) {
    result: createProjectMembers(input: $input) { success }
}"""
REMOVE_MEMBERS = """mutation DeleteRegistryMembers($input: DeleteProjectMembersInput!) {
    result: deleteProjectMembers(input: $input) { success }
}"""
SET_USER_ROLE = """mutation UpdateUserRegistryRole($input: UpdateProjectMemberInput!) {
    result: updateProjectMember(input: $input) { success }
}"""
SET_TEAM_ROLE = """mutation UpdateTeamRegistryRole($input: UpdateProjectTeamMemberInput!) {
    result: updateProjectTeamMember(input: $input) { success }
}"""
