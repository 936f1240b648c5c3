"""Problem sets and prompt templates: what is asked."""
