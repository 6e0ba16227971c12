"""Authentication, authorisation and limits of clients."""
