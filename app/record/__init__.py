"""The shared record: what every agency may see of a young person, drawn from each agency's own record."""
