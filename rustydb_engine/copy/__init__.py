"""COPY: options, the text, csv and binary forms, and the two directions."""
