import nbclient
import nbformat

# The kernel is a process of this program, which runs `-m ipykernel_launcher`.
cell = nbformat.v4.new_code_cell("print(6 * 7)")
notebook = nbformat.v4.new_notebook(cells=[cell])
nbclient.NotebookClient(notebook, timeout=60).execute()
print(notebook.cells[0].outputs[0].text)
