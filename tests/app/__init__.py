"""The service, part by part."""
