import spacy

# A package that it needs reads the source of its kernels for graphics processors.
language = spacy.blank("de")
language.add_pipe("sentencizer")
document = language("Das ist z.B. ein Test. Ja.")
print([token.text for token in document], len(list(document.sents)))
