"""Room two, detect: from records to degradations, each row against its own habit; blindness first."""
