import nbconvert
import nbformat

# Its templates lie beside `site-packages`, in `share/jupyter`, and are looked for below `sys.prefix`.
cells = [nbformat.v4.new_markdown_cell("# A *title*"), nbformat.v4.new_code_cell("print(1)")]
notebook = nbformat.v4.new_notebook(cells=cells)
html, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
print("<em>title</em>" in html, "highlight" in html, len(html) > 100_000)
markdown, _ = nbconvert.MarkdownExporter().from_notebook_node(notebook)
print(markdown.strip())
