"""Step 'Run': starts jobs, shows how they go, and keeps what was run."""
