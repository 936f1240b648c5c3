"""Math answers: the last box of a text, compared with the reference strictly."""
