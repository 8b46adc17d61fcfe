"""Seven invented documents of a French practice, and how the two embedded PDFs were made."""
