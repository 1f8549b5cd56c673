"""Artifacts: `pannier.Artifact`, with the names, arguments and errors of W&B's.

One idea per file: `names` has the rules, `manifest` what is in a version, `adding`
and `references` fill one, `logged` says what a run hands to its session, `documents`
asks the server, `facts`, `edits` and `links` are what a version knows and may be
told, `tree` and `fetch` bring its files to a folder. `artifact` puts them together.
Nothing in here is imported before an artifact is first named.
"""
