"""What somebody has to do, until when, and what came of it."""
