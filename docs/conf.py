"""How Sphinx makes the site; `python docs/site.py FOLDER` fills in what is generated and calls it."""

project = "booking"
copyright = "The booking founders"  # noqa: A001 - Sphinx reads this name
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "booking"
html_copy_source = False
html_show_sphinx = False
exclude_patterns = ["build"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]  # links to files of the checkout; docs/site.py checks those of the site
