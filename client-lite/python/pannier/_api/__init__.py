"""Reading runs back: `pannier.Api`, with the names and shapes of W&B's public API.

One idea per file: `web` and `daemon` reach a server, `client` asks it, `pages`
reads lists piece by piece, and the others are what people hold in their hands.
Nothing in here is imported before `pannier.Api` or an artifact is first named.
"""
