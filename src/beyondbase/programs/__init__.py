"""Programs in answers: what their problem's reference says, where they stand in a text, which of them are the same."""
