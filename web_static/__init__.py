"""The dashboard: what the browser runs, served by decnet_actors.web; third-party files are fetched into vendor/."""
