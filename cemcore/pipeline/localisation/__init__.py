"""Room three, localise: from degradations to problems with ranked causes and members."""
