"""The git repository: tag -> Release -> Package, and what changed between two releases. Nothing else imports git."""
