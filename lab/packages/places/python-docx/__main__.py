import io

import docx

# Its templates have a path by way of a folder that holds modules only.
document = docx.Document()
document.add_heading("Title")
document.sections[0].header.is_linked_to_previous = False
written = io.BytesIO()
document.save(written)
print(docx.Document(written).paragraphs[0].text)
