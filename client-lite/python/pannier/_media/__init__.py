"""Media: what a run logs that is a file, or more than a number.

`base` holds what all of them share, `rows` puts them into rows of a run; the other
modules are the kinds. numpy, pillow, pandas and soundfile are imported where the
program's own data asks for them, and named where they are missing.
"""
