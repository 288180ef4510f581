"""The dual encoder, and the encoding of texts with it."""
